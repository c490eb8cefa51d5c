// A /usr that is read-only, that is rolled back while /etc stays, or that gets the package as an extension: docs/images.md, command by command.
import { readFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { packageRoot } from "../../src/core/native.ts";
import { debMade } from "../package/debs.ts";
import { type Arch, notPrebuilt } from "../package/prebuilt.ts";
import { cure } from "../recovery/page.ts";
import { blocksOf } from "../support/blocks.ts";
import { named, skipReason } from "../support/can.ts";
import { FULL } from "../support/full.ts";
import { bootGuest, type Guest } from "../support/guest/guest.ts";
import { noGuest } from "../support/guest/support.ts";
import { debianRoot, noDebianRoot } from "../support/roots/debian.ts";
import { THIEF_PID } from "../support/sandbox.ts";
import { note } from "./support/evidence.ts";

/** That of deb.test.ts. */
const INCLUDE = ["systemd", "systemd-sysv", "dbus", "netbase", "iproute2", "nodejs"];
const SUITES = (["bookworm", "trixie"] as const).slice(0, FULL ? undefined : 1);
const arch: Arch = process.arch === "arm64" ? "arm64" : "x64";
const SLOW = { timeout: 120_000 };
const page = blocksOf("docs/images.md");

const unready = notPrebuilt(arch) ?? noGuest() ?? skipReason({ program: "dpkg-deb", package: "dpkg" });
const releases = await Promise.all(
  SUITES.map(async (suite) => ({ suite, reason: unready ?? (await noDebianRoot({ suite, include: INCLUDE })) })),
);
let deb = "";
beforeAll(() => {
  if (unready === undefined) deb = debMade({ arch });
});

const part = (name: string): Uint8Array => readFileSync(path.join(packageRoot, "prebuilds", `linux-${arch}`, name));

async function boot(suite: string): Promise<Guest> {
  const files = {
    [`/root/${path.basename(deb)}`]: readFileSync(deb),
    "/root/portreserve-probe": part("portreserve-probe"),
    "/root/portreserve-pidexec": part("portreserve-pidexec"),
    "/etc/portreserve/cups": "631\n640/tcp hold\n",
  };
  const guest = await bootGuest({ services: "installed", files, lower: [debianRoot({ suite, include: INCLUDE })] });
  await guest.output("chmod 755 /root/portreserve-p*");
  return guest;
}

/** What an allocator gets whose first candidate is 631, and whoever asks for 640, which is to be held. */
const TAKE = `/root/portreserve-pidexec --pid ${THIEF_PID} -- /root/portreserve-probe --symbol bindresvport
/root/portreserve-probe --symbol bind --port 640; :`;
const UNPROTECTED = '{"port":631}\n{"port":640}\n';
const PROTECTED = '{"port":632}\n{"error":"EADDRINUSE"}\n';
const taken = async (guest: Guest): Promise<string> => (await guest.run(TAKE)).stdout;

const SAYS =
  "ERROR: ld.so: object '/usr/$LIB/portreserve/libportreserve.so' from /etc/ld.so.preload cannot be preloaded (cannot open shared object file): ignored.\n";
/** Of each program that it takes to run one, the same. */
const speaks = async (guest: Guest): Promise<string> =>
  [...new Set((await guest.run("exec /bin/true")).stderr.match(/.*\n/g))].join("");
const cured = (guest: Guest, name: string): Promise<string> => guest.output(`cd /root; set -e\n${page(name)}`, SLOW);
const watching = (guest: Guest): Promise<string> =>
  guest.output("systemctl is-active portreserve.path portreserve-hold; :");

describe.each(releases)("$suite", ({ suite, reason }) => {
  test.skipIf(reason !== undefined)(
    named(
      "a read-only /usr is enough for install, and one that is rolled back breaks nothing and protects nothing",
      reason,
    ),
    async () => {
      const guest = await boot(suite);
      try {
        await guest.output("find /usr ! -type d | sort >/root/old");
        expect(await taken(guest)).toBe(UNPROTECTED);
        const [unpack = "", install = ""] = page("image").split(/^(?=portreservectl)/m);
        await guest.output(`cd /root && ${unpack}`, SLOW);
        await guest.output(
          "find /usr ! -type d | sort | comm -13 /root/old - >/root/new && tar -cf /root/new.tar -T /root/new",
        );
        await guest.output("mount --bind /usr /usr && mount -o remount,bind,ro /usr");
        expect((await guest.run(": >/usr/trial")).stderr).toContain("Read-only file system");
        await guest.output(install, SLOW);
        expect(await taken(guest)).toBe(PROTECTED);
        // What systemd keeps of the holder's sockets is nobody's either.
        expect((await guest.run("portreservectl reclaim 640/tcp", SLOW)).stdout).toContain(
          "nothing to do: nobody has it",
        );
        await guest.reboot();
        expect(await taken(guest)).toBe(PROTECTED);

        const rollBack = "xargs rm -f </root/new 2>/dev/null; find /usr ! -type d | sort | cmp - /root/old";
        await guest.run(rollBack);
        await guest.reboot();
        expect(guest.state()).toBe("running");
        expect(await speaks(guest)).toBe(SAYS);
        expect(await taken(guest)).toBe(UNPROTECTED);

        // Forward again.
        await guest.run("tar -C / -xf /root/new.tar");
        expect(await speaks(guest)).toBe("");
        expect(await taken(guest)).toBe('{"port":632}\n{"port":640}\n');
        expect(await cured(guest, "rolled-forward")).toMatch(/^the host: covered/m);
        expect(await taken(guest)).toBe(PROTECTED);
        expect(await watching(guest)).toBe("active\nactive\n");

        // Back once more; nobody minds, but for the messages.
        await guest.run(rollBack);
        expect(await speaks(guest)).toBe(SAYS);
        expect((await guest.run(cure("empty"))).status).toBe(0);
        expect(await speaks(guest)).toBe("");

        // The package itself makes good what it finds.
        await guest.run(`DEBIAN_FRONTEND=noninteractive dpkg -i /root/*.deb`, SLOW);
        await guest.output("portreservectl install", SLOW);
        expect(await taken(guest)).toBe(PROTECTED);
        expect(await watching(guest)).toBe("active\nactive\n");

        // Where it is to go, it goes without its own programs.
        await guest.run(rollBack);
        const purged = await guest.run("DEBIAN_FRONTEND=noninteractive dpkg --purge portreservectl", SLOW);
        expect(purged.status).toBe(0);
        expect(purged.stderr).not.toContain("not found");
        // The empty line is the cure's.
        expect(await guest.output("cat /etc/ld.so.preload; ls -d /etc/portreserve*")).toBe("\n/etc/portreserve\n");
        expect(await guest.output("find /etc/systemd -xtype l; :")).toBe("");
        note(
          "/usr read-only, then rolled back",
          suite,
          "unshare",
          "631 stolen",
          "never with the package; boots without",
          "3 boots",
        );
      } finally {
        await guest.stop();
      }
    },
    600_000,
  );

  test.skipIf(reason !== undefined)(
    named("as an extension of /usr it is in force, and from the merge on after each boot", reason),
    async () => {
      const guest = await boot(suite);
      try {
        // As on a host; in a guest of namespaces alone no mount reaches the others.
        await guest.write(
          "/etc/systemd/system/systemd-sysext.service.d/guest.conf",
          "[Service]\nExecStartPre=mount --make-rshared /\n",
        );
        await guest.output("mount --make-rshared /");
        expect(await taken(guest)).toBe(UNPROTECTED);
        await cured(guest, "extension");
        expect((await guest.run(": >/usr/trial")).stderr).toContain("Read-only file system");
        expect(await taken(guest)).toBe(PROTECTED);
        await guest.output("systemctl enable systemd-sysext");
        await guest.reboot();
        // The library is there, and no unit (control).
        expect(await taken(guest)).toBe('{"port":632}\n{"port":640}\n');
        await cured(guest, "extension-units");
        await guest.reboot();
        await guest.output(
          "for n in $(seq 200); do systemctl -q is-active portreserve-hold && break; sleep 0.05; done",
        );
        expect(await taken(guest)).toBe(PROTECTED);
        expect(await watching(guest)).toBe("active\nactive\n");
        expect((await guest.run("portreservectl verify", SLOW)).stdout).toMatch(/^the host: covered/m);
        expect(await guest.output("journalctl -q -b -o cat -t systemd-sysext")).toContain(SAYS.trim());
      } finally {
        await guest.stop();
      }
    },
    300_000,
  );
});
