// Changes that come when the path unit does not look: shown lost with one service alone, and not lost with what cures it.
import { describe, expect, test } from "vitest";
import { PATH_UNITS, pathUnit, RECOMPILE_UNITS, SERVICE_UNIT } from "../../src/core/systemd/unit-texts.ts";
import { named } from "../support/can.ts";
import type { Guest } from "../support/guest/guest.ts";
import { noGuest } from "../support/guest/support.ts";
import {
  asleep,
  changed,
  failedUnits,
  freshGuest,
  pathState,
  quiet,
  SERVICE,
  tablePorts,
  type Units,
  WATCH,
  WATCHED,
  WATCHING,
  withGuest,
  without,
} from "./fresh.ts";

const reason = noGuest();
const [OWNERS_PATH] = PATH_UNITS;

const ON_SUCCESS = `OnSuccess=${RECOMPILE_UNITS.success}`;
const ON_FAILURE = `OnFailure=${RECOMPILE_UNITS.failure}`;
/** Without it a run that starts while the other one is still there would find nothing to start at its end. */
const IN_TURN = `After=${RECOMPILE_UNITS.success} ${RECOMPILE_UNITS.failure}`;
const service = (text: string): Units => ({ [SERVICE_UNIT]: text });
/** The service ends with a status that is not one of its own. */
const FAILING: Units = { [`${SERVICE_UNIT}.d/failing.conf`]: "[Service]\nExecStart=/bin/sh -c 'exit 9'\n" };

/** Writes a file once, when /run/arm is there, after the service's last look and before the path unit watches again. */
const late = (setting: "ExecStartPost" | "ExecStopPost"): Units => ({
  [`${SERVICE_UNIT}.d/late.conf`]: `[Service]
${setting}=/bin/sh -c 'if rm /run/arm; then echo 700 >/etc/portreserve/late; fi'
`,
});

/** A change that starts the service, which another one follows too late for it. */
async function ports(guest: Guest): Promise<readonly [readonly number[], string]> {
  await guest.output(`${WATCH}; : >/run/arm; echo 602 >/etc/portreserve/second`);
  await quiet(guest);
  expect(await guest.output("cat /etc/portreserve/late")).toBe("700\n");
  return [await tablePorts(guest), await pathState(guest)];
}

describe.skipIf(reason !== undefined)(named("a change after the service's last look", reason), () => {
  describe.each(["ExecStartPost", "ExecStopPost"] as const)("in %s", (setting) => {
    test("is lost with one service alone (the control)", async () => {
      const alone = service(without(SERVICE, IN_TURN, ON_SUCCESS, ON_FAILURE));
      expect(await withGuest(freshGuest({ ...alone, ...late(setting) }), ports)).toEqual([[600, 601, 602], WATCHING]);
    });

    test("is found by the second service, which starts only when the path unit watches again", async () => {
      await withGuest(freshGuest(late(setting), "systemctl log-level debug"), async (booted) => {
        expect(await ports(booted)).toEqual([[600, 601, 602, 700], WATCHING]);
        await booted.output("journalctl --sync");
        const log = await booted.output("journalctl -b -o cat _PID=1");
        const order = [
          `${SERVICE_UNIT}: Triggering OnSuccess= dependencies.`,
          `${OWNERS_PATH}: Changed running -> waiting`,
          `${RECOMPILE_UNITS.success}: Will spawn child`,
        ];
        const lines = log.split("\n").flatMap((line) => order.filter((text) => line.startsWith(text)));
        expect(lines).toEqual(order);
      });
    });
  });

  test("is found too when the service has failed", async () => {
    await withGuest(freshGuest({ ...late("ExecStopPost"), ...FAILING }), async (guest) => {
      expect(await ports(guest)).toEqual([[600, 601, 602, 700], WATCHING]);
      expect(await failedUnits(guest)).toEqual([SERVICE_UNIT]);
    });
  });

  test("is lost then when only a success starts the second one (the control)", async () => {
    const units = { ...service(without(SERVICE, ON_FAILURE)), ...late("ExecStopPost"), ...FAILING };
    await withGuest(freshGuest(units), async (guest) => {
      expect(await ports(guest)).toEqual([[600, 601, 602], WATCHING]);
      expect(await failedUnits(guest)).toEqual([SERVICE_UNIT]);
    });
  });

  describe("while the second service is still there", () => {
    const slow: Units = {
      [`${RECOMPILE_UNITS.success}.d/slow.conf`]: `[Service]
ExecStartPost=/bin/sh -c 'while [ -e /run/hold ]; do sleep 0.02; done'
`,
    };

    async function overlapped(guest: Guest, until: string): Promise<readonly number[]> {
      await guest.output(`: >/run/hold; ${WATCH}; echo 602 >/etc/portreserve/second
until systemctl show -p SubState ${RECOMPILE_UNITS.success} | grep -q start-post; do sleep 0.02; done
: >/run/arm; echo 603 >/etc/portreserve/third
until ${until}; do sleep 0.02; done
rm /run/hold`);
      await quiet(guest);
      expect(await guest.output("cat /etc/portreserve/late")).toBe("700\n");
      return tablePorts(guest);
    }
    const HAS_RUN = `[ ! -e /run/arm ] && systemctl show -p ActiveState ${SERVICE_UNIT} | grep -q =inactive`;
    const IS_ASKED_FOR = `systemctl list-jobs --no-legend | grep -q '${SERVICE_UNIT} *start'`;

    test("is lost when the first one does not wait for the second (the control)", async () => {
      const guest = freshGuest({ ...service(without(SERVICE, IN_TURN)), ...slow, ...late("ExecStopPost") });
      expect(await withGuest(guest, (booted) => overlapped(booted, HAS_RUN))).toEqual([600, 601, 602, 603]);
    });

    test("is found when they take turns", async () => {
      const guest = freshGuest({ ...slow, ...late("ExecStopPost") });
      expect(await withGuest(guest, (booted) => overlapped(booted, IS_ASKED_FOR))).toEqual([600, 601, 602, 603, 700]);
    });
  });
});

describe.skipIf(reason !== undefined)(named("a change that systemd sees together with another in /etc", reason), () => {
  /** systemd is stopped, so that it finds both at once when it goes on, and in their order. */
  const together =
    (paths: readonly string[]) =>
    async (guest: Guest): Promise<readonly number[]> => {
      await guest.output(`systemctl start ${SERVICE_UNIT}`);
      await quiet(guest);
      await guest.output(`systemctl start ${paths.join(" ")}`);
      await asleep(guest);
      process.kill(guest.leader(), "SIGSTOP");
      try {
        await guest.output("echo anything >/etc/unrelated; echo 602 >/etc/portreserve/second");
      } finally {
        process.kill(guest.leader(), "SIGCONT");
      }
      await quiet(guest);
      return tablePorts(guest);
    };
  const ALL_IN_ONE: Units = {
    [OWNERS_PATH]: changed(
      pathUnit(WATCHED[0]),
      `PathChanged=${WATCHED[0]}\n`,
      WATCHED.map((place) => `PathChanged=${place}\n`).join(""),
    ),
  };
  const MISSING = ["rm /etc/bindresvport.blacklist", "rm /etc/services"];

  test("is found by one path unit for all places, while all exist", async () => {
    expect(await withGuest(freshGuest(ALL_IN_ONE), together([OWNERS_PATH]))).toEqual([600, 601, 602]);
  });

  test.each(MISSING)("is lost by it after %s (the control)", async (remove) => {
    // systemd waits for the missing file by watching /etc, and makes all watches of the unit anew at each event there.
    expect(await withGuest(freshGuest(ALL_IN_ONE, remove), together([OWNERS_PATH]))).toEqual([600, 601]);
  });

  test.each([":", ...MISSING])("is found when each place has a path unit of its own, after %s", async (remove) => {
    expect(await withGuest(freshGuest({}, remove), together(PATH_UNITS))).toEqual([600, 601, 602]);
  });
});
