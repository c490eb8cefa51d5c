// Services in a root of their own, and in a user namespace of their own: what they can take is judged, not where their files lie.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { BUS, noBus, startBus } from "../support/guest/bus.ts";
import { bootGuest, type Guest } from "../support/guest/guest.ts";
import { noGuest } from "../support/guest/support.ts";
import { built, THIEF_PID } from "../support/sandbox.ts";
import { NODE, STAGE } from "../support/stage/stage.ts";
import { withGuest } from "./fresh.ts";

const reason = noGuest() ?? noBus;
const CTL = `${NODE} ${STAGE}/dist/main.js`;
const LONG = { timeout: 240_000 } as const;
const HOLD = `${built.probe} --symbol bindresvport --hold`;
const START = "[Unit]\nStartLimitIntervalSec=0\n[Service]\nType=exec\nRestart=on-failure\nRestartSec=100ms\n";
const OUTPUT = "StandardOutput=truncate:/run/%N.out\n";
const MASK = "BindReadOnlyPaths=/dev/null:/etc/ld.so.preload\n";
const OWN = "PrivateUsers=yes\n";

const UNITS = {
  "rooted.service": `${START}ExecStart=${built.pidexec} --pid ${THIEF_PID} -- ${HOLD}\nRootDirectory=/srv/jail\nMountAPIVFS=yes\nBindReadOnlyPaths=${STAGE}\n${OUTPUT}`,
  // None of these has the shim.
  "private.service": `${START}ExecStart=${HOLD}\n${OWN}${MASK}${OUTPUT}`,
  "public.service": `${START}ExecStart=${HOLD}\n${MASK}${OUTPUT}`,
  "plus.service": `${START}ExecStart=+${HOLD}\n${OWN}${MASK}${OUTPUT}`,
};

/** All that a program and a proof need: the loader, libc, and a shell. */
const JAIL = `set -e; L=/usr/lib/x86_64-linux-gnu
mkdir -p /srv/jail$L /srv/jail/usr/bin /srv/jail/usr/lib64 /srv/jail/etc/portreserve
cd /srv/jail; mkdir -p proc sys dev run .${STAGE}; ln -s usr/bin bin; ln -s usr/lib lib; ln -s usr/lib64 lib64
cp -L /bin/sh usr/bin/; cp -L $L/ld-linux-x86-64.so.2 $L/libc.so.6 .$L; ln -s $L/ld-linux-x86-64.so.2 usr/lib64/
echo 631 >etc/portreserve/cups; : >etc/bindresvport.blacklist`;

const took = (unit: string): string =>
  `for try in $(seq 3000); do line=$(grep -m1 -e port -e error /run/${unit}.out) && break; sleep 0.02; done; echo "$line"`;

async function row(guest: Guest, name: string): Promise<readonly unknown[]> {
  const { allocators } = JSON.parse(await guest.output(`${CTL} status --json`, { timeout: 240_000 })) as {
    readonly allocators: readonly Readonly<Record<string, unknown>>[];
  };
  const found = allocators.find(({ unit }) => unit === `${name}.service`);
  return found === undefined ? [] : [found.kind, found.verdict, found.reason, found.hint];
}

async function verify(guest: Guest, unit: string): Promise<readonly unknown[]> {
  const { status, stdout } = await guest.run(`${CTL} verify --unit ${unit}`, { timeout: 240_000 });
  const lines = stdout.split("\n");
  return [status, lines.find((line) => line.startsWith("proof: ")), lines[0]];
}

async function booted(use: (guest: Guest) => Promise<void>): Promise<void> {
  const files = Object.fromEntries(Object.entries(UNITS).map(([name, text]) => [`/etc/systemd/system/${name}`, text]));
  const owners = { "/etc/portreserve/cups": "631\n", "/etc/bindresvport.blacklist": "" };
  await withGuest(bootGuest({ files: { ...BUS, ...files, ...owners } }), async (guest) => {
    await guest.output(`${CTL} install`, { timeout: 240_000 });
    await startBus(guest);
    await use(guest);
  });
}

const ELSEWHERE = "in another root (container, chroot)";

describe.skipIf(reason !== undefined)(named("services apart from the host", reason), () => {
  test("in a root of their own are covered by a table that reserves the same", { timeout: 900_000 }, async () => {
    await booted(async (guest) => {
      // The control: without an installation there the port is stolen.
      await guest.output(JAIL);
      expect(await guest.output(`systemctl start rooted; ${took("rooted")}`, LONG)).toBe('{"port":631}\n');
      expect(await row(guest, "rooted")).toEqual(["process", "not covered", ELSEWHERE, "install in that root too"]);

      await guest.output(`${CTL} install --root /srv/jail`, { timeout: 240_000 });
      expect(await guest.output(`systemctl restart rooted; ${took("rooted")}`, LONG)).toBe('{"port":632}\n');
      expect(await row(guest, "rooted")).toEqual(["process", "covered", null, null]);
      expect(await verify(guest, "rooted")).toEqual([
        0,
        "proof: good, in the sandbox of 'rooted.service', by systemd-run",
        "'rooted.service': covered (1 allocator, proved)",
      ]);

      await guest.output(`echo 700 >/srv/jail/etc/portreserve/more; ${CTL} compile --root /srv/jail`, LONG);
      expect(await row(guest, "rooted")).toEqual([
        "process",
        "not covered",
        `${ELSEWHERE}, which has another table`,
        "install in that root too, with this host's reservations",
      ]);
      // Its generation is another one then.
      await guest.output(`rm /srv/jail/etc/portreserve/more; ${CTL} compile --root /srv/jail`, LONG);
      expect(await row(guest, "rooted")).toEqual(["process", "covered", null, null]);
    });
  });

  test("in a user namespace of their own can take no port", { timeout: 900_000 }, async () => {
    await booted(async (guest) => {
      const none = "could take no privileged port (PrivateUsers=yes)";
      const masked = [
        "unknown",
        "would find another preload list than this host's (BindReadOnlyPaths=/dev/null:/etc/ld.so.preload)",
      ];
      expect(await row(guest, "private")).toEqual(["program", "covered", none, null]);
      for (const unit of ["public", "plus"])
        expect((await row(guest, unit)).slice(0, 3)).toEqual(["program", ...masked]);
      expect(await verify(guest, "private")).toEqual([
        0,
        "proof: left out: its programs can take no privileged port (PrivateUsers=yes)",
        "'private.service': covered (1 allocator)",
      ]);
      // The control: nothing is known of what has its ports.
      expect((await verify(guest, "public"))[0]).toBe(3);

      await guest.output("systemctl start private public plus");
      expect(await guest.output(took("private"), LONG)).toBe('{"error":"EACCES"}\n');
      for (const unit of ["public", "plus"]) {
        // The controls: outside of it, and with the mark that takes a program out of it.
        expect(await guest.output(took(unit), LONG)).toMatch(/^\{"port":\d+\}\n$/);
        expect((await row(guest, unit)).slice(0, 2)).toEqual(["process", "not covered"]);
      }
      expect(await row(guest, "private")).toEqual([]);
      expect((await verify(guest, "private")).slice(0, 1)).toEqual([0]);
    });
  });
});
