// install, uninstall and verify with --unit of what runs: instances, units without a main process, in between, or left behind.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { bootGuest, type Guest } from "../support/guest/guest.ts";
import { noGuest } from "../support/guest/support.ts";
import { built, THIEF_PID } from "../support/sandbox.ts";
import { NODE, STAGE } from "../support/stage/stage.ts";
import { withGuest } from "./fresh.ts";

const reason = noGuest();
const CTL = `${NODE} ${STAGE}/dist/main.js`;
const LONG = { timeout: 240_000 } as const;
const PROBE = `${built.probe} --symbol bindresvport --hold`;
const OTHER_PID = THIEF_PID + 1;
const RUNNING = [`tm@${THIEF_PID}.service`, `tm@${OTHER_PID}.service`];

const UNITS = {
  // An instance is called like its process. A process id is free only when systemd has seen the end of the process that had it.
  "tm@.service": `[Unit]\nStartLimitIntervalSec=0\n[Service]\nType=exec\nRestart=on-failure\nRestartSec=100ms
ExecStart=${built.pidexec} --pid %i -- ${PROBE}\nStandardOutput=truncate:/run/%i.out\n`,
  "mainless.service": `[Service]\nType=forking\nGuessMainPID=no\nExecStart=/bin/sh -c 'sleep 1000 &'\n`,
  "between.service": `[Service]\nExecStart=/bin/sleep 1000
ExecStartPost=/bin/sh -c 'test -e /run/once || { touch /run/once; exec sleep 1000; }'\n`,
  "kept.service": `[Service]\nKillMode=process\nExecStart=/bin/sh -c 'sleep 1000 & exec sleep 2000'\n`,
  "done.service": "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n",
};
const NAMES = "tm@ mainless between kept done";

const HAVE = /: its process(es \w+ and \w+ have| \w+ has) the shim$/;

async function notes(guest: Guest, command: string): Promise<readonly string[]> {
  const { status, stderr } = await guest.run(`${CTL} ${command}`, { timeout: 240_000 });
  const lines = stderr.split("\n").filter((line) => /^portreservectl: /.test(line));
  const pids = new RegExp(`(?<!@)\\b(?!${THIEF_PID}|${OTHER_PID})\\d+\\b`, "g");
  return [
    `${status}`,
    ...lines.map((line) =>
      line
        .replace(/^portreservectl: /, "")
        .replace(pids, "N")
        .replace(HAVE, ""),
    ),
  ];
}

const port = (pid: number): string =>
  `for try in $(seq 3000); do line=$(grep -m1 '"port"' /run/${pid}.out) && break; sleep 0.02; done; echo "$line"`;
const PORT = port(THIEF_PID);
const again = (unit: string) => `note: '${unit}' runs without the shim until it is restarted`;
const DONE = "note: 'done.service' is not running; it is covered when it starts";

describe.skipIf(reason !== undefined)(named("services of every kind that run", reason), () => {
  test("are restarted with --now, and judged, whatever of them runs", { timeout: 900_000 }, async () => {
    const files = Object.entries(UNITS).map(([name, text]) => [`/etc/systemd/system/${name}`, text]);
    const booting = bootGuest({
      files: { ...Object.fromEntries(files), "/etc/portreserve/cups": "631\n", "/etc/bindresvport.blacklist": "" },
    });
    await withGuest(booting, async (guest) => {
      await guest.output(
        `ln -s tm@.service /etc/systemd/system/alias@.service; systemctl daemon-reload
systemctl start ${RUNNING.join(" ")} mainless kept done; systemctl start --no-block between
until test -e /run/once; do sleep 0.02; done`,
        { timeout: 240_000 },
      );
      expect(await guest.output("systemctl show -P ActiveState -P MainPID between mainless")).toMatch(
        /^\d+\nactivating\n\n0\nactive\n$/,
      );
      // The control: the port is stolen, and the template is not covered.
      expect(await guest.output(PORT, LONG)).toBe('{"port":631}\n');
      expect((await guest.run(`${CTL} verify --unit tm@`, { timeout: 240_000 })).status).toBe(1);

      expect(await notes(guest, `install --unit ${NAMES} alias@`)).toEqual([
        "0",
        ...RUNNING.map(again),
        again("mainless.service"),
        again("between.service"),
        again("kept.service"),
        DONE,
      ]);
      expect((await guest.run(`${CTL} verify --unit tm@`, { timeout: 240_000 })).status).toBe(1);

      // Of an instance one process starts the other.
      const covered = RUNNING.map((unit) => `note: '${unit}' is covered`);
      expect(await notes(guest, `install --unit ${NAMES} --now`)).toEqual([
        "0",
        ...covered,
        "note: 'mainless.service' is covered",
        "note: 'between.service' is covered",
        "warning: the restart of 'kept.service' did not end its process N, which goes on without the shim",
        DONE,
      ]);
      expect(await guest.output(PORT, LONG)).not.toBe('{"port":631}\n');
      const verified = await guest.run(`${CTL} verify --unit tm@`, { timeout: 240_000 });
      expect([verified.status, verified.stdout.split("\n")[0]]).toEqual([
        0,
        "'tm@.service': covered (2 allocators, proved)",
      ]);

      const keeps = (unit: string) => `note: '${unit}' keeps the shim until it is restarted`;
      expect(await notes(guest, "uninstall --unit alias@")).toEqual(["0", ...RUNNING.map(keeps)]);
      await notes(guest, "install --unit tm@");
      expect(await notes(guest, "uninstall --unit tm@ mainless --now")).toEqual([
        "0",
        ...[...RUNNING, "mainless.service"].map((unit) => `note: '${unit}' is no longer covered by a drop-in`),
      ]);
      expect(await guest.output(PORT, LONG)).toBe('{"port":631}\n');
      await guest.output("systemctl stop 'tm@*'");
      expect(await notes(guest, "install --unit tm@ --now")).toEqual([
        "0",
        "note: 'tm@.service' is not running; it is covered when it starts",
      ]);
    });
  });
});
