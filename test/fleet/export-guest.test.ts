// A host without Node in an administrator's hands: the archive installed, refused, upgraded, taken over a reboot, and removed without a trace.
import { readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nativeFolder, packageRoot } from "../../src/core/native.ts";
import { noteFleet } from "../guests/support/evidence.ts";
import { PACKAGES } from "../guests/support/releases.ts";
import { named } from "../support/can.ts";
import { FULL } from "../support/full.ts";
import { bootGuest, type Guest } from "../support/guest/guest.ts";
import { noGuest } from "../support/guest/support.ts";
import { debianRoot, noDebianRoot } from "../support/roots/debian.ts";
import { THIEF_PID } from "../support/sandbox.ts";
import { ASKING, changed, exported, isShim, readArchive, rebuilt } from "./support/export.ts";

const SUITES = ["bookworm", "trixie"].slice(0, FULL ? undefined : 1);
const unready = noGuest();
const releases = await Promise.all(
  SUITES.map(async (suite) => ({ suite, reason: unready ?? (await noDebianRoot({ suite, include: PACKAGES })) })),
);

/** A machine that does much else must not fail it. */
const SLOW = { timeout: 120_000 };
const THIEF = `/root/portreserve-pidexec --pid ${THIEF_PID} -- /root/portreserve-probe --symbol bindresvport`;
const BINDS = "/root/portreserve-probe --symbol bind --port 640 --protocol tcp";
const HOLDER = "portreserve-hold.service";

let archives: Readonly<Record<string, string>> = {};
beforeAll(() => {
  if (unready !== undefined) return;
  const first = exported({ cups: "631\n", radius: "640/tcp hold\n" });
  const next = exported({ cups: "631\n632/tcp\n", radius: "640/tcp hold\n" });
  archives = {
    first,
    next: rebuilt(next),
    last: exported({ cups: "631\n632/tcp\n" }),
    // Nothing can load it, and it says so at each start.
    damaged: changed(next, (file, bytes) => (isShim(file) ? bytes.fill(0, 0, 4) : bytes)),
    // It ends at once, and systemd says that it has failed.
    endless: changed(next, (file, bytes) =>
      file === "files/portreserve-hold" ? Buffer.from("#!/bin/false\n") : bytes,
    ),
  };
});

/** Of the Debian package, which would replace the shim without a trial. */
const { scriptTexts } = (await import(path.join(packageRoot, "scripts/package/scripts.mjs"))) as {
  readonly scriptTexts: (
    kind: string,
    request: { readonly arch: string; readonly prebuilds: string },
  ) => readonly (readonly [name: string, text: string])[];
};
const preinst =
  scriptTexts("deb", { arch: process.arch, prebuilds: nativeFolder() }).find(([name]) => name === "preinst")?.[1] ?? "";

function boot(suite: string): Promise<Guest> {
  const program = (name: string): Uint8Array => readFileSync(path.join(nativeFolder(), name));
  return bootGuest({
    lower: [debianRoot({ suite, include: PACKAGES })],
    files: {
      "/root/portreserve-probe": program("portreserve-probe"),
      "/root/portreserve-pidexec": program("portreserve-pidexec"),
      "/root/preinst": preinst,
      ...Object.fromEntries(
        Object.entries(archives).map(([name, file]) => [`/root/${name}.tar.gz`, readArchive(file)]),
      ),
    },
  });
}

describe.each(releases)("$suite", ({ suite, reason }) => {
  let guest: Guest;
  beforeAll(async () => {
    if (reason === undefined) guest = await boot(suite);
  });
  afterAll(() => guest?.stop());

  const asked = (script: string) => guest.run(`${ASKING}\n${script}`, SLOW);
  const output = (script: string): Promise<string> => guest.output(`${ASKING}\n${script}`, SLOW);
  const got = async (): Promise<number> => JSON.parse(await output(`env -i ${THIEF}`)).port;

  test.skipIf(reason !== undefined)(
    named("the port is kept from install to uninstall, and nothing is left", reason),
    async () => {
      await output("chmod 755 /root/portreserve-p*");
      const before = await output("tree");
      // The control.
      expect(await output("command -v node nodejs; :")).toBe("");
      expect(await output("sh /root/preinst install")).toBe("");
      expect(await got()).toBe(631);
      expect(await output(BINDS)).toBe('{"port":640}\n');

      const dry = await output("unpack first; setup install --dry-run");
      expect(dry).toContain("would write: '/etc/portreserve.table'\n");
      expect(dry).toContain("would add: '/usr/$LIB/portreserve/libportreserve.so' to '/etc/ld.so.preload'\n");
      expect(await output("tree")).toBe(before);
      const damaged = await asked("unpack damaged; setup install");
      expect(damaged).toMatchObject({ status: 5, stdout: "" });
      expect(damaged.stderr).toMatch(
        /^setup: error: with the new shim programs behave in another way: ERROR: ld\.so: object .*\nhint: make the archive again.*\nsetup: everything was taken back\n$/,
      );
      expect(await output("tree")).toBe(before);

      expect(await asked("unpack first; setup install")).toMatchObject({
        status: 0,
        stderr: "",
        stdout: expect.stringContaining("installed: portreserve "),
      });
      expect(await got()).toBe(632);
      expect(await asked(BINDS)).toMatchObject({ stdout: '{"error":"EADDRINUSE"}\n' });
      expect(await output(`works; systemctl is-enabled ${HOLDER}; systemctl is-active ${HOLDER}`)).toBe(
        "enabled\nactive\n",
      );
      expect(await output("sh /usr/lib/portreserve/setup check")).toContain("programs: what starts now is covered\n");
      expect(await asked("sh /root/preinst install")).toMatchObject({
        status: 1,
        stderr: expect.stringContaining("hint: run 'sh /usr/lib/portreserve/setup uninstall', install this package"),
      });
      const installed = await output("tree");
      expect(await output("setup install")).toContain("nothing to change");
      expect(await output("tree")).toBe(installed);

      // What fails of an upgrade leaves the old version whole, and the port held.
      const held = await output(`systemctl show -P MainPID ${HOLDER}`);
      expect(await asked("unpack damaged; setup install")).toMatchObject({ status: 5 });
      expect(await output("tree")).toBe(installed);
      const ended = await asked("unpack endless; setup install");
      expect(ended).toMatchObject({ status: 3, stdout: "" });
      expect(ended.stderr).toContain("setup: error: portreserve-hold does not start\n");
      expect(await output("tree")).toBe(installed);
      expect(await output(`systemctl is-active ${HOLDER}`)).toBe("active\n");
      expect(await output(`systemctl show -P MainPID ${HOLDER}`)).not.toBe(held);
      expect(await asked(BINDS)).toMatchObject({ stdout: '{"error":"EADDRINUSE"}\n' });
      expect(await got()).toBe(632);

      // A program that runs sees the new table.
      const steps = "{ echo; while [ ! -e /run/upgraded ]; do sleep 0.02; done; echo; } | ";
      const upgraded = await output(`rm -f /run/upgraded /run/said; unpack next
(${steps}env -i ${THIEF} --count 2 --step >/run/said) &
while [ "$(wc -l </run/said)" -lt 1 ]; do sleep 0.02; done 2>/dev/null
setup install >&2
touch /run/upgraded
wait
cat /run/said`);
      expect(upgraded).toBe('{"port":632}\n{"port":633}\n');
      expect(await got()).toBe(633);

      await guest.reboot();
      expect(await got()).toBe(633);
      expect(await asked(BINDS)).toMatchObject({ stdout: '{"error":"EADDRINUSE"}\n' });
      const check = await output("sh /usr/lib/portreserve/setup check");
      expect(check).toContain("held: portreserve-hold runs\n");

      // Where nothing is held any more, nothing of the holder stays.
      await output("unpack last; setup install");
      expect(await output("ls /etc/portreserve* /usr/lib/portreserve")).not.toContain("hold");
      expect(await output(BINDS)).toBe('{"port":640}\n');
      expect(await output("unpack first; setup install; systemctl is-active portreserve-hold")).toContain("active\n");

      await output("rm -r /root/portreserve; sh /usr/lib/portreserve/setup uninstall");
      expect(await got()).toBe(631);
      expect(await output(BINDS)).toBe('{"port":640}\n');
      await guest.reboot();
      expect(await output("tree")).toBe(before);
      expect(
        await output("grep -l portreserve /proc/[0-9]*/maps; systemctl list-units --all --no-legend 'portreserve*'; :"),
      ).toBe("");
      noteFleet(
        "an archive: installed, two upgrades refused, one done, two boots, uninstalled",
        `${suite} without Node`,
        "631 taken before it, and after uninstall",
        "632 taken, 633 when that is reserved too; the held port is nobody's; nothing left",
      );
    },
    FULL ? 600_000 : 240_000,
  );
});
