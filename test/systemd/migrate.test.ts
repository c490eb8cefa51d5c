// From the real portreserve daemon of old to ours, on a booted host: nothing is free in between, and it does not come back.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { bootGuest, type Guest } from "../support/guest/guest.ts";
import { noGuest } from "../support/guest/support.ts";
import { built, THIEF_PID } from "../support/sandbox.ts";
import { schemaFaults } from "../support/schema.ts";
import { NODE, STAGE } from "../support/stage/stage.ts";
import { failedUnits, pathState, quiet, tablePorts, WATCHING, withGuest } from "./fresh.ts";
import { noOldDaemon, OLD_DEB, oldDaemonFile } from "./old-daemon-deb.ts";

const reason = noGuest() ?? (await noOldDaemon());
const CTL = `${NODE} ${STAGE}/dist/main.js`;

/** Asks for a privileged port with the pid that asks for 631 first, and keeps it. */
const THIEF = `[Unit]
StartLimitIntervalSec=0
[Service]
Type=exec
StandardOutput=truncate:/run/thief.out
ExecStart=${built.pidexec} --pid ${THIEF_PID} -- ${built.probe} --symbol bindresvport --hold
`;

/** Has its port released, as its package would, and another service starts before it has it. */
const owner = (): string => `[Unit]
After=portreserve.service
StartLimitIntervalSec=0
[Service]
Type=notify
ExecStartPre=-/sbin/portrelease cups
ExecStartPre=systemctl restart thief
ExecStartPre=sh -c "until grep -q port /run/thief.out; do sleep 0.02; done"
ExecStart=${compileC("test/systemd/plain-owner.c")} 631
`;

/** The port that the thief got, and whether the owner has come up. */
const RACE = `systemctl stop cups thief 2>/dev/null; systemctl start cups 2>/dev/null
cat /run/thief.out; systemctl is-active cups || :`;

/** Process ids of the old daemon. */
const DAEMON = `(for exe in /proc/[0-9]*/exe; do
  [ "$(readlink $exe)" = /usr/sbin/portreserve ] && echo $exe
done; :) 2>/dev/null`;
/** It is started before it has its ports, TCP before UDP. */
const HOLDS = `until ss -uanpH 'sport = 631' | grep -q '"portreserve"'; do sleep 0.02; done`;
const pidIn = (exes: string): string => /^\/proc\/(\d+)\/exe\n$/.exec(exes)?.[1] ?? `not one: ${exes}`;

function guest(files: Readonly<Record<string, string>> = {}): Promise<Guest> {
  return bootGuest({
    files: {
      ...oldDaemonFile(),
      "/etc/portreserve/cups": "631\n",
      "/etc/bindresvport.blacklist": "",
      "/etc/systemd/system/thief.service": THIEF,
      "/etc/systemd/system/cups.service": owner(),
      ...files,
    },
  });
}

/** Milliseconds, for what takes half a minute on an idle machine. */
const PATIENCE = 300_000;

const OF_SERVICE = "systemctl show -P Result -P ExecMainStatus -P ActiveState portreserve.service";

describe.skipIf(reason !== undefined)(named("the portreserve daemon of old", reason), () => {
  test(
    "is ended once ours is in force, does not come back, and is back when ours is taken away",
    async () => {
      await withGuest(guest(), async (booted) => {
        await booted.output(`dpkg --no-triggers -i ${OLD_DEB} 2>&1; systemctl start portreserve; ${HOLDS}`);
        const pid = pidIn(await booted.output(DAEMON));
        // The controls: it holds the port until it is told to let go, and then whoever comes first has it.
        await booted.output("systemctl start thief");
        expect(await booted.output("until grep port /run/thief.out; do sleep 0.02; done")).toBe('{"port":632}\n');
        expect(await booted.output(RACE)).toBe('{"port":631}\nfailed\n');
        await booted.output("systemctl stop thief; systemctl reset-failed; systemctl restart portreserve");
        await booted.output(HOLDS);
        const held = pidIn(await booted.output(DAEMON));
        expect(held).not.toBe(pid);

        const found = `found: '/usr/sbin/portreserve' and '/etc/init.d/portreserve'
found: 4 links that start it, such as '/etc/rc2.d/S01portreserve'
found: process ${held}, '/usr/sbin/portreserve', of 'portreserve.service'
`;
        expect(await booted.run(`${CTL} install`)).toMatchObject({
          status: 0,
          stderr: `portreservectl: note: the old portreserve daemon runs (process ${held}); until it ends, 'portreserve.service' cannot, and the daemon's ports are held
hint: run 'sudo portreservectl migrate', which ends it
`,
        });
        // Another control: systemd takes it for our unit, so nobody compiles what changes.
        await booted.output("echo 700 >/etc/portreserve/late");
        await quiet(booted);
        expect(await tablePorts(booted)).toEqual([631]);
        expect(await booted.output(`${CTL} status | grep 'old portreserve'`)).toBe(
          `hint: the old portreserve daemon runs (process ${held}), so that 'portreserve.service' cannot → portreservectl migrate\n`,
        );

        const left = `portreservectl: note: '/etc/systemd/system/cups.service' calls portrelease, which then does nothing and succeeds
portreservectl: note: the old daemon's files are still there; nothing needs them
hint: 'sudo apt-get remove portreserve' takes them away
`;
        expect(await booted.run(`${CTL} migrate --dry-run`)).toMatchObject({
          status: 0,
          stdout: `${found}would end process ${held} by SIGTERM
would let 'portreserve.service' run, which systemd takes the old daemon for
nothing was changed
`,
          stderr: left,
        });
        expect(pidIn(await booted.output(DAEMON))).toBe(held);
        expect(await booted.run(`${CTL} migrate`)).toMatchObject({
          status: 0,
          stdout: `ended: process ${held}, '/usr/sbin/portreserve', of 'portreserve.service'
started: 'portreserve.service', which compiles what has changed
migrated: the table keeps the ports, and the old daemon does not come back at the next boot
its files, and those in /etc/portreserve, are as they were
`,
          stderr: left,
        });
        const isGone = async (): Promise<void> => {
          await quiet(booted);
          expect(await booted.output(DAEMON)).toBe("");
          expect(await booted.output(OF_SERVICE)).toBe("success\n0\ninactive\n");
          expect(await pathState(booted)).toBe(WATCHING);
          expect(await booted.output(RACE)).toBe('{"port":632}\nactive\n');
        };
        await isGone();
        expect(await tablePorts(booted)).toEqual([631, 700]);
        await booted.output("echo 701 >/etc/portreserve/late");
        await quiet(booted);
        expect(await tablePorts(booted)).toEqual([631, 701]);
        const again = await booted.run(`${CTL} migrate --json`);
        expect(again.status).toBe(0);
        expect(JSON.parse(again.stdout)).toMatchObject({ result: "nothing", steps: [] });
        expect(schemaFaults("migrate", JSON.parse(again.stdout))).toEqual([]);

        await booted.reboot();
        await isGone();
        expect(await failedUnits(booted)).toEqual([]);

        expect(await booted.run(`${CTL} uninstall`)).toMatchObject({
          status: 0,
          stderr: `portreservectl: note: the old portreserve daemon is still installed, and starts again at the next boot
hint: 'sudo systemctl start portreserve' starts it now
`,
        });
        await booted.reboot();
        expect(pidIn(await booted.output(DAEMON))).toMatch(/^\d+$/);
        expect(await booted.output(RACE)).toBe('{"port":631}\nfailed\n');
      });
    },
    PATIENCE,
  );

  test(
    "is ended too where a unit of another name starts it, and starts again what was killed",
    async () => {
      const unit =
        "[Service]\nType=forking\nRestart=always\nExecStart=/usr/sbin/portreserve\n[Install]\nWantedBy=multi-user.target\n";
      const files = { "/usr/lib/systemd/system/old-ports.service": unit, "/etc/portreserve/cups": "631 hold\n" };
      await withGuest(guest(files), async (booted) => {
        await booted.output(
          `dpkg --no-triggers -i ${OLD_DEB} 2>&1; mkdir -p /run/portreserve; systemctl enable --now old-ports 2>&1`,
        );
        const first = pidIn(await booted.output(DAEMON));
        // The control: ended alone, it is back.
        await booted.output(
          `kill ${first}; until systemctl is-active old-ports && ! [ -e /proc/${first} ]; do sleep 0.02; done`,
        );
        const pid = pidIn(await booted.output(`until ${DAEMON} | grep .; do sleep 0.02; done`));
        expect(pid).not.toBe(first);
        expect((await booted.run(`${CTL} install`)).status).toBe(0);
        const ran = await booted.run(`${CTL} migrate --json`);
        const document = JSON.parse(ran.stdout);
        expect(schemaFaults("migrate", document)).toEqual([]);
        const step = { pid: null, from: null, to: null, done: true };
        expect(document).toMatchObject({
          outcome: "done",
          result: "migrated",
          steps: [
            { ...step, action: "mask", unit: "old-ports.service" },
            { ...step, action: "stop", unit: "old-ports.service" },
          ],
        });
        await quiet(booted);
        expect(await booted.output(`systemctl is-enabled old-ports; ${DAEMON}`)).toBe("masked\n");
        const says = (text: string): Promise<string> =>
          booted.output(`for try in $(seq 50); do ${CTL} status | grep -o '${text}' && break; sleep 0.1; done; :`, {
            timeout: 60_000,
          });
        expect(await says("2 ports held, by process")).toBe("2 ports held, by process\n");

        // Its package purged takes /run/portreserve along, with what portreserve-hold says there of itself; the ports stay held.
        expect(
          await booted.output("dpkg --no-triggers --purge portreserve >/dev/null 2>&1; ls -d /run/portreserve 2>&1; :"),
        ).toMatch(/No such file/);
        expect(await booted.output("systemctl is-enabled portreserve.service")).toBe("enabled\n");
        const down = "portreserve-hold does not run, and systemd keeps its sockets";
        expect(await says(down)).toContain(`${down}\n`);
        expect(await booted.output("ss -uanpH 'sport = 631'")).toContain('"portreserve-hol"');
        await booted.output("systemctl restart portreserve-hold");
        expect(await says("2 ports held, by process")).toBe("2 ports held, by process\n");
      });
    },
    PATIENCE,
  );
});
