// The Debian package in an administrator's hands, with the distribution's own Node: installed, in force, upgraded, and purged without a trace.
import { readFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { packageRoot } from "../../src/core/native.ts";
import { debMade, NAME, NEXT, partsWith, saysNext } from "../package/debs.ts";
import { type Arch, notPrebuilt } from "../package/prebuilt.ts";
import { manifest } from "../package/tarball.ts";
import { named, skipReason } from "../support/can.ts";
import { FULL } from "../support/full.ts";
import { bootGuest, type Guest } from "../support/guest/guest.ts";
import { noGuest } from "../support/guest/support.ts";
import { lineDifferences, listingBut } from "../support/guest/tree.ts";
import { debianRoot, noDebianRoot } from "../support/roots/debian.ts";
import { THIEF_PID } from "../support/sandbox.ts";
import { note } from "./support/evidence.ts";

const INCLUDE = ["systemd", "systemd-sysv", "dbus", "netbase", "iproute2", "nodejs"];
const RELEASES = [
  { suite: "bookworm", node: "v18.", leaves: "without Node" },
  { suite: "trixie", node: "v20.", leaves: "with Node" },
] as const;
const arch: Arch = process.arch === "arm64" ? "arm64" : "x64";

/** Its first candidate is 631. Not of the package's folder, which goes. */
const THIEF = `/root/portreserve-pidexec --pid ${THIEF_PID} -- /root/portreserve-probe --symbol bindresvport`;
const got = async (guest: Guest): Promise<number> =>
  (JSON.parse(await guest.output(`env -i ${THIEF}`)) as { port: number }).port;

const APT = "DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0";
/** A machine that does much else must not fail it. */
const SLOW = { timeout: 120_000 };
const SHIM = `/usr/lib/${arch === "x64" ? "x86_64" : "aarch64"}-linux-gnu/portreserve/libportreserve.so`;

/** Where dpkg, apt, systemd and the journal write by themselves. */
const THEIRS = [
  "/var/log",
  "/var/cache",
  "/var/lib/dpkg",
  "/var/lib/apt",
  "/var/lib/systemd",
  "/root",
  "/tmp",
  "/var/tmp/systemd-*",
];
const TREE = `${listingBut(THEIRS)} | sort`;
const TRACES = `grep -l portreserve /proc/[0-9]*/maps 2>/dev/null; systemctl list-units --all --no-legend 'portreserve*'; systemctl list-unit-files --no-legend 'portreserve*'; :`;

/** What of the package is not as it brought it; these roots leave out what is to be read. */
const DAMAGED = `dpkg -V ${NAME} | grep -v ' /usr/share/' || :`;

/** Every dynamic program of the distribution can be loaded. */
const LOADS = `loader=$(ls /lib64/ld-linux-x86-64.so.2 /lib/ld-linux-aarch64.so.1 2>/dev/null)
find /usr/bin /usr/sbin -maxdepth 1 -type f -perm /111 | while read -r program; do
  "$loader" --list "$program" 2>&1 | grep -E 'not found|cannot be preloaded|symbol lookup'
done; :`;

let debs: Readonly<Record<"first" | "next" | "broken", Uint8Array>>;
const unready = notPrebuilt(arch) ?? noGuest() ?? skipReason({ program: "dpkg-deb", package: "dpkg" });
const releases = await Promise.all(
  RELEASES.slice(0, FULL ? undefined : 1).map(async (release) => ({
    ...release,
    reason: unready ?? (await noDebianRoot({ suite: release.suite, include: INCLUDE })),
  })),
);

beforeAll(async () => {
  if (unready !== undefined) return;
  const version = `${NEXT}-1`;
  const broken = await partsWith(arch, (shim) => shim.fill(0, 0, 4));
  debs = {
    first: readFileSync(debMade({ arch })),
    next: readFileSync(debMade({ arch, version, prebuilds: await partsWith(arch, saysNext) })),
    broken: readFileSync(debMade({ arch, version, prebuilds: broken })),
  };
});

const part = (name: string): Uint8Array => readFileSync(path.join(packageRoot, "prebuilds", `linux-${arch}`, name));

function boot(suite: string): Promise<Guest> {
  const files = {
    "/root/first.deb": debs.first,
    "/root/next.deb": debs.next,
    "/root/broken.deb": debs.broken,
    "/root/portreserve-probe": part("portreserve-probe"),
    "/root/portreserve-pidexec": part("portreserve-pidexec"),
    "/etc/portreserve/cups": "631\n",
  };
  return bootGuest({ services: "installed", files, lower: [debianRoot({ suite, include: INCLUDE })] });
}

describe.each(releases)("$suite", ({ suite, node, leaves, reason }) => {
  test.skipIf(reason !== undefined)(
    named("the package is installed, keeps the port, is upgraded and purged, and nothing is left", reason),
    async () => {
      const guest = await boot(suite);
      try {
        await guest.output("chmod 755 /root/portreserve-p*");
        const before = await guest.output(TREE);
        expect(await got(guest)).toBe(631);

        // It covers nothing by itself, and says what does.
        const added = await guest.output(`${APT} install /root/first.deb 2>/dev/null`, SLOW);
        expect(added).toContain("nothing is covered yet: 'portreservectl install' does it");
        expect(await guest.output("node --version; dpkg -S /usr/bin/node")).toMatch(
          new RegExp(`^${node.replace(".", "\\.")}.*\nnodejs: `),
        );
        expect(await guest.run("cat /etc/ld.so.preload")).toMatchObject({ status: 1 });
        expect(await guest.output("systemctl list-unit-files --state=enabled --no-legend 'portreserve*'; :")).toBe("");
        expect(await got(guest)).toBe(631);

        // Only the list, the table and what enables the units.
        const changed = await guest.output("portreservectl install", SLOW);
        expect(changed).toMatch(/^written: '\/etc\/ld\.so\.preload'$/m);
        expect(changed).not.toMatch(/^(written|changed): '\/usr\//m);
        expect(await guest.output(DAMAGED)).toBe("");
        expect(await got(guest)).toBe(632);
        expect(
          await guest.output("systemctl is-active portreserve.path; systemctl is-enabled portreserve.service"),
        ).toBe("active\nenabled\n");

        // The unit compiles with the distribution's Node, and the holder holds.
        await guest.output("echo 632 >/etc/portreserve/more");
        await guest.output(
          `for n in $(seq 100); do portreservectl lookup 632 >/dev/null && break; sleep 0.1; done
systemctl show -P Result portreserve.service | grep -qx success`,
          SLOW,
        );
        expect(await got(guest)).toBe(633);
        await guest.output("echo '640/tcp block' >>/etc/portreserve/more; portreservectl install", SLOW);
        expect(await guest.output("systemctl is-active portreserve-hold; systemctl is-enabled portreserve-hold")).toBe(
          "active\nenabled\n",
        );

        // A manager that is not the package's leaves the host alone.
        const other = await guest.run(
          "cp -a /usr/lib/portreserve /root/other; /usr/bin/node /root/other/dist/portreservectl.mjs uninstall",
        );
        expect(other).toMatchObject({ status: 5, stdout: "" });
        expect(other.stderr).toContain("hint: run '/usr/bin/portreservectl uninstall'");

        // A version whose shim programs cannot load is refused before it is there.
        const shim = await guest.output(`sha256sum ${SHIM} /etc/ld.so.preload`);
        const refused = await guest.run(`${APT} install /root/broken.deb`, SLOW);
        expect(refused.status).toBe(100);
        expect(refused.stdout + refused.stderr).toContain("programs behave in another way with this version's shim");
        expect(await guest.output(`sha256sum ${SHIM} /etc/ld.so.preload`)).toBe(shim);
        expect(await guest.output(`dpkg-query -W -f '\${Version} \${Status}' ${NAME}`)).toBe(
          `${manifest.version}-1 install ok installed`,
        );
        expect(await got(guest)).toBe(633);

        await guest.output(`${APT} install /root/next.deb`, SLOW);
        expect(await guest.output("portreservectl --version")).toBe(`${NEXT}\n`);
        expect(await guest.output(`grep -ac 'portreserve ${NEXT} table' ${SHIM}; ${DAMAGED}`)).toBe("1\n");
        expect(await guest.output(LOADS, SLOW)).toBe("");
        expect(await got(guest)).toBe(633);
        await guest.reboot();
        expect(await guest.output("systemctl is-active portreserve.path portreserve-hold")).toBe("active\nactive\n");
        expect(await got(guest)).toBe(633);
        const verified = await guest.run("portreservectl verify", SLOW);
        expect(verified.stdout).toMatch(/^the host: covered/m);

        // uninstall takes back what install did, and nothing of the package's.
        await guest.output("portreservectl uninstall", SLOW);
        expect(await guest.output(DAMAGED)).toBe("");
        expect(await got(guest)).toBe(631);
        await guest.output("portreservectl install", SLOW);
        expect(await got(guest)).toBe(633);

        // The timer that somebody has enabled, and what it has written, go with the package.
        await guest.output(
          "mkdir -p /var/lib/prometheus/node-exporter; systemctl enable -q --now portreserve-metrics.timer",
        );
        await guest.output(
          "systemctl start portreserve-metrics; grep -q '^portreserve_covered' /var/lib/prometheus/*/*.prom",
          SLOW,
        );
        if (leaves === "without Node") await guest.output("mv /usr/bin/node /usr/bin/nodejs /root/");
        await guest.output(`${APT} purge ${NAME}`, SLOW);
        if (leaves === "without Node") await guest.output("mv /root/node /root/nodejs /usr/bin/");
        expect(await guest.run("cat /etc/ld.so.preload")).toMatchObject({ status: 1 });
        expect(await guest.output(LOADS, SLOW)).toBe("");
        expect(await got(guest)).toBe(631);
        await guest.output(
          "rm /etc/portreserve/more; rmdir -p /var/lib/prometheus/node-exporter 2>/dev/null; ls /var/lib/prometheus 2>/dev/null && exit 1; :",
        );
        // What runs keeps the shim until it is started again.
        await guest.reboot();
        expect(await guest.output(TRACES)).toBe("");
        const now = await guest.output(TREE);
        expect(lineDifferences(before.split("\n"), now.split("\n"))).toEqual([]);
        note(
          `the Debian package, from installation to purge ${leaves}`,
          suite,
          "unshare",
          "631 stolen",
          "never while it is in force; nothing left",
          "1 port",
        );
      } finally {
        await guest.stop();
      }
    },
    600_000,
  );
});
