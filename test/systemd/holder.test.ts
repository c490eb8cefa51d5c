// portreserve-hold on a booted system: install has it hold ports, through its end, an upgrade and a reboot, until uninstall.
import { describe, expect, test } from "vitest";
import { HOLDER_FILE, HOLDER_UNIT, HOLDER_WANTED } from "../../src/system/paths.ts";
import { named } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { bootGuest, type Guest } from "../support/guest/guest.ts";
import { noGuest } from "../support/guest/support.ts";
import { HOLDER_KILLED } from "../support/holder.ts";
import { NODE, STAGE } from "../support/stage/stage.ts";
import { quiet, withGuest } from "./fresh.ts";

const reason = noGuest();
const CTL = `${NODE} ${STAGE}/dist/main.js`;
const UNIT_FILE = `/etc/systemd/system/${HOLDER_UNIT}`;

const guest = (files: Readonly<Record<string, string>> = {}): Promise<Guest> =>
  bootGuest({ files: { "/etc/portreserve/cups": "631 hold\n", "/etc/bindresvport.blacklist": "", ...files } });

/** Lines for sockets.c, and its answers. */
const sockets = (...lines: readonly string[]): string =>
  `printf '%s\\n' ${lines.map((line) => `'${line}'`).join(" ")} | ${compileC("test/hold/sockets.c")}`;
const THIEF = sockets("try tcp 0.0.0.0 631", "try udp 0.0.0.0 631", "try tcp :: 631");
const OWNER = sockets("bind a tcp 0.0.0.0 631 reuse", "listen a");
const FREE = "ok\nok\nok\n";
const REFUSED = "EADDRINUSE\nEADDRINUSE\nEADDRINUSE\n";

/** How often a thief that never sleeps has had the port while a script ran. */
const storm = (script: string): string => `rm -f /run/enough /run/had
${sockets("storm tcp 0.0.0.0 631 /run/enough")} >/run/had &
{ ${script}; } >&2
touch /run/enough
wait
cat /run/had`;

const mainPid = `systemctl show -P MainPID ${HOLDER_UNIT}`;
const CHANGED =
  "find /etc /usr -xdev -newer /etc/bindresvport.blacklist '(' -type f -o -type l ')' | grep -v -e machine-id -e /etc/portreserve/ | sort";

describe.skipIf(reason !== undefined)(named("the holder on a booted system", reason), () => {
  test("has the port from install on, whatever becomes of it, and from the next boot on, until uninstall", async () => {
    await withGuest(guest(), async (booted) => {
      const before = await booted.output(CHANGED);
      // The control: the port is anybody's.
      expect(await booted.output(THIEF)).toBe(FREE);
      expect(Number(await booted.output(storm("sleep 0.1")))).toBeGreaterThan(0);

      // There is no unit yet to enable or to start.
      expect((await booted.run(`${CTL} check`)).stderr).toContain(
        "so nothing is held or blocked\nhint: run 'sudo portreservectl install', which brings it\n",
      );

      const installed = await booted.run(`${CTL} install`);
      expect(installed).toMatchObject({ status: 0, stderr: "" });
      expect(installed.stdout).toContain(`started: '${HOLDER_UNIT}', 2 held and 0 blocked ports\n`);
      expect(await booted.output(THIEF)).toBe(REFUSED);
      expect(await booted.output(OWNER)).toBe("ok\nok\n");
      expect(await booted.output(`systemctl is-enabled ${HOLDER_UNIT}; systemctl is-active ${HOLDER_UNIT}`)).toBe(
        "enabled\nactive\n",
      );

      const first = await booted.output(mainPid);
      const killed = `${HOLDER_KILLED}for time in 1 2 3; do killed; done`;
      expect(await booted.output(storm(killed))).toBe("0\n");
      const second = await booted.output(mainPid);
      expect(second).not.toBe(first);

      // Down, and kept by systemd until it can start again.
      const broken = `${UNIT_FILE}.d/broken.conf`;
      await booted.write(broken, "[Service]\nExecStart=\nExecStart=/bin/false\n");
      await booted.output(`systemctl daemon-reload; kill -9 $(${mainPid})`);
      expect(await booted.output(`${CTL} lookup 631/tcp | head -n 2 | tail -n 1`)).toContain(
        "held by systemd while portreserve-hold does not run, for cups; everybody without SO_REUSEADDR is refused",
      );
      expect(await booted.output(THIEF)).toBe(REFUSED);
      expect((await booted.run(`${CTL} list`)).stderr).toContain(
        "portreserve-hold is not running, and systemd keeps what it held",
      );
      await booted.output(`rm -r ${UNIT_FILE}.d; systemctl daemon-reload
until [ "$(systemctl is-active ${HOLDER_UNIT})" = active ]; do sleep 0.02; done`);

      // Another build of the program: bytes behind its end.
      await booted.output(`cp ${HOLDER_FILE} /run/other; echo more >>/run/other; mv /run/other ${HOLDER_FILE}`);
      expect(await booted.output(storm(`${CTL} install >/run/said`))).toBe("0\n");
      expect(await booted.output("cat /run/said")).toContain(
        `changed: '${HOLDER_FILE}'\nrestarted: '${HOLDER_UNIT}', 2 held and 0 blocked ports\n`,
      );
      expect(await booted.output(mainPid)).not.toBe(second);
      expect(await booted.output(`readlink /proc/$(${mainPid})/exe`)).toBe(`${HOLDER_FILE}\n`);

      await booted.reboot();
      expect(booted.state()).toBe("running");
      expect(await booted.output(THIEF)).toBe(REFUSED);
      const since = "systemctl show -P ActiveEnterTimestampMonotonic";
      const [held, basic] = (await booted.output(`${since} ${HOLDER_UNIT}; ${since} sysinit.target`)).split("\n");
      expect(Number(held)).toBeLessThan(Number(basic));

      await quiet(booted);
      expect(await booted.run(`${CTL} uninstall`)).toMatchObject({ status: 0, stderr: "" });
      expect(await booted.output(THIEF)).toBe(FREE);
      expect(await booted.output(CHANGED)).toBe(before);
      expect(await booted.output(`systemctl show -P LoadState ${HOLDER_UNIT}; ls /run/portreserve`)).toBe(
        "not-found\nhold.json.lock\n",
      );
      expect(await booted.output("systemctl --failed --no-legend")).toBe("");
    });
  });

  test("takes everything back where it cannot be started, and is left out where it is masked", async () => {
    const broken = "[Service]\nExecStartPre=/bin/sh -c 'echo >>/run/tries; exit 1'\n";
    await withGuest(guest({ [`${UNIT_FILE}.d/broken.conf`]: broken }), async (booted) => {
      const before = await booted.output(CHANGED);
      const { status, stderr } = await booted.run(`${CTL} install`);
      expect({ status, stderr }).toEqual({
        status: 3,
        stderr: expect.stringMatching(
          /^portreservectl: error: systemd refused: Job for .*; everything is as it was before\n/,
        ),
      });
      expect(await booted.output(CHANGED)).toBe(before);
      // It does not go on trying.
      expect(
        await booted.output("rm /run/tries; systemctl --failed --no-legend; sleep 1.5; ls /run/tries || true"),
      ).toBe("");

      await booted.output(`rm -r ${UNIT_FILE}.d; systemctl daemon-reload; systemctl mask -q ${HOLDER_UNIT}`);
      const masked = (mask: string): string =>
        `portreservectl: warning: '${HOLDER_UNIT}' is masked by '${mask}', so nothing can be held or blocked
hint: run 'systemctl unmask ${HOLDER_UNIT}', then 'portreservectl install'
`;
      expect(await booted.run(`${CTL} install`)).toMatchObject({ status: 0, stderr: masked(UNIT_FILE) });
      expect(await booted.output(`readlink ${UNIT_FILE}; ls ${HOLDER_WANTED} || true`)).toBe("/dev/null\n");
      await booted.output(`systemctl unmask -q ${HOLDER_UNIT}; systemctl mask -q --runtime ${HOLDER_UNIT}`);
      const again = masked(`/run/systemd/system/${HOLDER_UNIT}`);
      expect(await booted.run(`${CTL} install`)).toMatchObject({ status: 0, stderr: again });
      expect(await booted.output(`ls ${UNIT_FILE} ${HOLDER_WANTED} || true`)).toBe("");
      expect(await booted.output(THIEF)).toBe(FREE);

      // The control: with nothing in its way it holds.
      await booted.output(`systemctl unmask -q --runtime ${HOLDER_UNIT}`);
      expect(await booted.run(`${CTL} install`)).toMatchObject({ status: 0, stderr: "" });
      expect(await booted.output(THIEF)).toBe(REFUSED);

      // An upgrade to a program that does not start: the older one has the port again.
      const older = `[Service]\nExecStartPre=/bin/grep -q formerly ${HOLDER_FILE}\n`;
      await booted.write(`${UNIT_FILE}.d/older.conf`, older);
      await booted.output(`cp ${HOLDER_FILE} /run/other; echo formerly >>/run/other; mv /run/other ${HOLDER_FILE}`);
      await booted.output(`systemctl daemon-reload; systemctl restart ${HOLDER_UNIT}`);
      const failed = await booted.run(`${CTL} install`);
      expect({ status: failed.status, end: failed.stderr.split("\n")[0]?.split("; ").at(-1) }).toEqual({
        status: 3,
        end: "everything is as it was before",
      });
      expect(await booted.output(`tail -c9 ${HOLDER_FILE}; systemctl is-active ${HOLDER_UNIT}`)).toBe(
        "formerly\nactive\n",
      );
      expect(await booted.output(THIEF)).toBe(REFUSED);
    });
  });

  test("comes with --unit too, is enabled once a port is held, and stays after uninstall --unit", async () => {
    const some = "[Service]\nExecStart=/bin/sleep 1000\n";
    const files = { "/etc/portreserve/cups": "631\n", "/etc/systemd/system/some.service": some };
    await withGuest(guest(files), async (booted) => {
      const before = await booted.output(CHANGED);
      const install = `${CTL} install --unit some`;
      expect(await booted.output(install)).not.toContain("started:");
      const state = `systemctl is-enabled ${HOLDER_UNIT}; systemctl is-active ${HOLDER_UNIT}; true`;
      expect(await booted.output(state)).toBe("disabled\ninactive\n");

      await booted.output("systemctl stop 'portreserve*.path'; echo 631 hold >/etc/portreserve/cups");
      expect(await booted.output(`${install} --dry-run`)).toContain(`+ link '${HOLDER_WANTED}' to '${UNIT_FILE}'\n`);
      expect(await booted.output(state)).toBe("disabled\ninactive\n");
      expect(await booted.output(install)).toContain(`started: '${HOLDER_UNIT}', 2 held and 0 blocked ports\n`);
      expect(await booted.output(state)).toBe("enabled\nactive\n");

      await booted.output("echo 632 block >/etc/portreserve/bmc");
      expect(await booted.output(install)).toMatch(/^told: portreserve-hold, process [0-9]+$/m);
      await booted.output("until grep -qs 632 /run/portreserve/hold.json; do sleep 0.02; done");
      await booted.output(`systemctl reload ${HOLDER_UNIT}`);

      const { status, stderr } = await booted.run(`${CTL} uninstall --unit some`);
      expect({ status, stderr: stderr.split("portreservectl: ") }).toEqual({
        status: 0,
        stderr: expect.arrayContaining([
          `note: '${HOLDER_UNIT}' is enabled, so ports stay held, and the shim, its table and the manager stay
hint: 'portreservectl uninstall' takes all of it away
`,
        ]),
      });
      expect(await booted.output(THIEF)).toBe(REFUSED);
      expect(await booted.run(`${CTL} uninstall`)).toMatchObject({ status: 0, stderr: "" });
      expect(await booted.output(THIEF)).toBe(FREE);
      expect(await booted.output(CHANGED)).toBe(before);
    });
  });
});
