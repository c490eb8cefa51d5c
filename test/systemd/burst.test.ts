// The units that keep the table fresh, under real systemd: single changes, bursts, and reboots.
import { describe, expect, test } from "vitest";
import { PATH_UNITS, RECOMPILE_TEMPLATE, RECOMPILE_UNITS, SERVICE_UNIT } from "../../src/core/systemd/unit-texts.ts";
import { UNIT_FOLDER } from "../../src/system/paths.ts";
import { named } from "../support/can.ts";
import { noGuest } from "../support/guest/support.ts";
import {
  AGAIN,
  changed,
  ENABLE,
  everyPath,
  failedUnits,
  freshGuest,
  pathState,
  quiet,
  SERVICE,
  tablePorts,
  WATCH,
  WATCHING,
  warnings,
  withGuest,
  without,
} from "./fresh.ts";

const reason = noGuest();
const [OWNERS_PATH] = PATH_UNITS;

/** One change each time the path unit watches again, 8 times; ends early when it has failed. */
const AGAIN_AND_AGAIN = `for change in $(seq 8); do
  until systemctl show -p SubState ${OWNERS_PATH} | grep -q waiting; do
    systemctl is-failed -q ${OWNERS_PATH} && exit 0
    sleep 0.01
  done
  echo "$((700 + change))" >/etc/portreserve/changing
done`;
/** systemd allows 5 starts in 10 seconds, more than some machines make; with this it is 5 on all. */
const LIMITED = `printf '[Manager]\\nDefaultStartLimitIntervalSec=10min\\n' >/etc/systemd/system.conf.d/limit.conf
systemctl daemon-reload; ${WATCH}`;

describe.skipIf(reason !== undefined)(named("the path and service units", reason), () => {
  test("put into the table what is dropped into each watched place, and take out what goes", () =>
    withGuest(freshGuest({}, WATCH), async (guest) => {
      const changes: readonly (readonly [string, readonly number[]])[] = [
        ["echo 700 >/etc/portreserve/dropped", [600, 601, 700]],
        ["echo 701 >/etc/portreserve/.new && mv /etc/portreserve/.new /etc/portreserve/dropped", [600, 601, 701]],
        ["echo rndc >/etc/portreserve/dropped", [600, 601, 953]],
        ["sed -i s/953/954/ /etc/services", [600, 601, 954]],
        ["printf '# nothing\\n702\\n' >/etc/bindresvport.blacklist", [600, 601, 702, 954]],
        ["rm /etc/bindresvport.blacklist", [600, 601, 954]],
        ["echo 703 >/etc/bindresvport.blacklist", [600, 601, 703, 954]],
        ["rm /etc/portreserve/dropped", [600, 601, 703]],
        ["rm -r /etc/portreserve", [703]],
        ["mkdir /etc/portreserve && echo 704 >/etc/portreserve/back", [703, 704]],
      ];
      for (const [change, ports] of changes) {
        await guest.output(change);
        await expect.poll(() => tablePorts(guest).catch(String), { timeout: 20_000 }).toEqual(ports);
        // The next change is to be noticed by itself.
        await quiet(guest);
      }
      expect([await pathState(guest), await failedUnits(guest)]).toEqual([WATCHING, []]);
    }));

  test("would fail without the folder, and keep its ports, if they only compiled (the control)", () => {
    const units = {
      [SERVICE_UNIT]: changed(SERVICE, " --settle\n", "\n"),
      [RECOMPILE_TEMPLATE]: changed(AGAIN, " --settle\n", "\n"),
    };
    return withGuest(freshGuest(units, WATCH), async (guest) => {
      await guest.output("echo 700 >/etc/portreserve/dropped");
      await quiet(guest);
      await guest.output("rm -r /etc/portreserve");
      await quiet(guest);
      expect([await tablePorts(guest), await failedUnits(guest)]).toEqual([
        [600, 601, 700],
        [RECOMPILE_UNITS.failure, SERVICE_UNIT],
      ]);
    });
  });

  test("survive 2,000 writes, renames and deletions in one go", () =>
    withGuest(freshGuest({}, WATCH), async (guest) => {
      await guest.output(
        `cd /etc/portreserve
for n in $(seq 2000); do
  echo $((512 + n % 400)) >owner$((n % 50))
  case $((n % 20)) in
  0) rm owner$((n % 50)) ;;
  7) echo 999 >.new && mv .new owner$((n % 50)) ;;
  esac
done
rm owner*; echo 705 >last`,
        { timeout: 60_000 },
      );
      await quiet(guest);
      expect(await tablePorts(guest)).toEqual([600, 601, 705]);
      expect([await pathState(guest), await failedUnits(guest)]).toEqual([WATCHING, []]);
    }));

  test("go on watching when each of many changes comes just after a run", () =>
    withGuest(freshGuest({}, LIMITED), async (guest) => {
      await guest.output(AGAIN_AND_AGAIN, { timeout: 60_000 });
      await quiet(guest);
      expect(await tablePorts(guest)).toEqual([600, 601, 708]);
      expect([await pathState(guest), await failedUnits(guest)]).toEqual([WATCHING, []]);
    }));

  test("would fail there for good with a start limit in the service (the control)", () => {
    const units = { [SERVICE_UNIT]: without(SERVICE, "StartLimitIntervalSec=0") };
    return withGuest(freshGuest(units, LIMITED), async (guest) => {
      await guest.output(AGAIN_AND_AGAIN, { timeout: 60_000 });
      await quiet(guest);
      expect(await pathState(guest)).toBe(everyPath("failed", "failed", "unit-start-limit-hit"));
      await guest.output("echo 799 >/etc/portreserve/unseen");
      await quiet(guest);
      expect(await tablePorts(guest)).not.toContain(799);
    });
  });

  test("would fail there with a start limit in the second service (the control)", () => {
    const units = { [RECOMPILE_TEMPLATE]: without(AGAIN, "StartLimitIntervalSec=0") };
    return withGuest(freshGuest(units, LIMITED), async (guest) => {
      await guest.output(AGAIN_AND_AGAIN, { timeout: 60_000 });
      await quiet(guest);
      expect([await pathState(guest), await failedUnits(guest)]).toEqual([WATCHING, [RECOMPILE_UNITS.success]]);
    });
  });
});

describe.skipIf(reason !== undefined)(named("a boot with the units", reason), () => {
  test("compiles what was changed while nobody watched, and watches again", () =>
    withGuest(freshGuest({}, ENABLE), async (guest) => {
      await guest.reboot();
      await quiet(guest);
      expect([guest.state(), await tablePorts(guest)]).toEqual(["running", [600, 601]]);
      await guest.output(`systemctl stop ${PATH_UNITS.join(" ")}; echo 707 >/etc/portreserve/offline`);
      await quiet(guest);
      expect(await tablePorts(guest)).toEqual([600, 601]);
      await guest.reboot();
      await quiet(guest);
      expect([await tablePorts(guest), await pathState(guest)]).toEqual([[600, 601, 707], WATCHING]);
    }));

  test("has no failed unit and no warning about ours, whatever places are missing", () =>
    withGuest(freshGuest({}, ENABLE), async (guest) => {
      for (const missing of ["/nothing", "/etc/bindresvport.blacklist", "/etc/portreserve"]) {
        await guest.output(`rm -rf ${missing}`);
        await guest.reboot();
        await quiet(guest);
        expect([missing, guest.state(), await failedUnits(guest), await warnings(guest)]).toEqual([
          missing,
          "running",
          [],
          [],
        ]);
        expect(await pathState(guest)).toBe(WATCHING);
      }
      expect(await tablePorts(guest)).toEqual([]);
    }));

  test("has both where there is something to say (the control)", () => {
    const units = {
      [SERVICE_UNIT]: changed(SERVICE, "Conflicts=", "Conflict="),
      [RECOMPILE_TEMPLATE]: changed(AGAIN, "ExecStart=", "ExecStart=/no"),
    };
    return withGuest(freshGuest(units, ENABLE), async (guest) => {
      await guest.reboot();
      await quiet(guest);
      expect(await failedUnits(guest)).toEqual([RECOMPILE_UNITS.success]);
      expect(await warnings(guest)).toEqual(
        expect.arrayContaining([
          expect.stringMatching(
            `^${RECOMPILE_UNITS.success}: Failed at step EXEC spawning /no/.*: No such file or directory$`,
          ),
          expect.stringMatching(`/${SERVICE_UNIT}:\\d+: Unknown key .*Conflict.*, ignoring\\.$`),
        ]),
      );
    });
  });

  test("has no cycle in its order, with all services installed here that the units come before", () =>
    withGuest(freshGuest({}, ENABLE), async (guest) => {
      const before = [...SERVICE.matchAll(/^Before=(.*)$/gm)].flatMap(([, names]) => names?.split(" ") ?? []);
      const services = before.filter((name) => name.endsWith(".service"));
      await guest.output(`for unit in ${services.join(" ")}; do
  ! systemctl cat $unit >/dev/null 2>&1 || systemctl add-wants -q multi-user.target $unit
done`);

      const verify = "systemd-analyze verify --man=no default.target 2>&1 | grep portreserve; true";
      expect(await guest.output(verify)).toBe("");
      // The control.
      await guest.write(`${UNIT_FOLDER}/${SERVICE_UNIT}.d/cycle.conf`, "[Unit]\nBefore=sysinit.target\n");
      expect(await guest.output(verify)).toContain("Found ordering cycle on ");
    }));
});
