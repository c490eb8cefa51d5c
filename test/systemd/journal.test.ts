// What an administrator sees of the compiling units: in the journal by name and priority, in systemctl status, and that they go on.
import { describe, expect, test } from "vitest";
import { PATH_UNITS, RECOMPILE_UNITS, SERVICE_UNIT } from "../../src/core/systemd/unit-texts.ts";
import { named, skipReason } from "../support/can.ts";
import { FULL } from "../support/full.ts";
import type { Guest } from "../support/guest/guest.ts";
import { noGuest } from "../support/guest/support.ts";
import { MAIN, NODE } from "../support/stage/stage.ts";
import {
  changed,
  failedUnits,
  freshGuest,
  pathState,
  quiet,
  SERVICE,
  tablePorts,
  WATCH,
  WATCHING,
  withGuest,
} from "./fresh.ts";

const reason = noGuest();
const [OWNERS_PATH] = PATH_UNITS;
const CHANGES = FULL ? 50 : 6;

/** A change, and all that it has systemd do. */
async function after(guest: Guest, change: string): Promise<void> {
  await guest.output(change);
  await quiet(guest);
}

/** All messages of this boot that `which` matches. */
const said = (guest: Guest, which: string): Promise<string> =>
  guest.output(`journalctl --sync; journalctl -q -b -o cat ${which}`);

const shown = (guest: Guest): Promise<string> =>
  guest.output(
    `for what in ActiveState Result StatusText; do systemctl show -P $what ${SERVICE_UNIT}; done | paste -sd' '`,
  );

/** One change each time the path unit watches again, seen in the table's place before the next. */
const IN_A_ROW = `for change in $(seq ${CHANGES}); do
  until systemctl show -P SubState ${OWNERS_PATH} | grep -q waiting; do sleep 0.02; done
  before=$(stat -c %i /etc/portreserve.table)
  echo $((700 + change)) >/etc/portreserve/changing
  for try in $(seq 1000); do
    [ "$(stat -c %i /etc/portreserve.table)" = "$before" ] || { echo $change; break; }
    sleep 0.02
  done
done`;

const REJECTED = `portreservectl: error: /etc/portreserve/bad:1:1: unknown service 'bad'
    bad
    ^^^
hint: write the port number, or add the name to '/etc/services'
portreservectl: warning: left out: 1 rejected line or file; everything else is in the table
`;

const WHY = `portreservectl: error: refusing to replace '/etc/portreserve.table': it is a directory
hint: find out who made it, and move it away
`;

describe.skipIf(reason !== undefined)(named("the units that compile, as an administrator sees them", reason), () => {
  test("say what they reject with a warning's priority or above, nothing else so, and what they did in their status", () =>
    withGuest(freshGuest({}, WATCH), async (guest) => {
      await after(guest, "echo 602 >/etc/portreserve/second");
      // The control: it has said something, but no warning.
      expect(await said(guest, "-u portreserve -t portreserve")).toContain(
        "written: '/etc/portreserve.table', generation ",
      );
      expect(await shown(guest)).toBe("inactive success 3 tcp and 3 udp ports are in the table\n");
      expect(await said(guest, "-u portreserve -p warning")).toBe("");

      await after(guest, "echo bad >/etc/portreserve/bad");
      // By the service, and by the one that looks again.
      expect(await said(guest, "-u portreserve -p warning")).toBe(REJECTED);
      expect(await said(guest, "-t portreserve -p warning")).toBe(REJECTED.repeat(2));
      expect(await shown(guest)).toBe(
        "inactive success 3 tcp and 3 udp ports are in the table; left out: 1 rejected line or file: " +
          "see 'journalctl -t portreserve -p warning'\n",
      );
      expect((await guest.run(`systemctl status ${SERVICE_UNIT}`)).stdout).toContain(
        '     Status: "3 tcp and 3 udp ports are in',
      );
      expect(await failedUnits(guest)).toEqual([]);
    }));

  test("are failed when nothing could be compiled, with the reason as an error, until it can be", () =>
    withGuest(freshGuest({}, WATCH), async (guest) => {
      await after(guest, "mkdir /etc/portreserve.table; echo 602 >/etc/portreserve/second");
      expect(await failedUnits(guest)).toEqual([RECOMPILE_UNITS.failure, SERVICE_UNIT]);
      const [own, all] = [
        await said(guest, "-u portreserve -t portreserve -p err"),
        await said(guest, "-t portreserve -p err"),
      ];
      expect(own).toBe(WHY);
      // The one that looks again has failed too, and is forgotten with the cause.
      expect(all).toBe(WHY.repeat(2));
      expect(await shown(guest)).toMatch(/^failed exit-code not compiled: .*\/etc\/portreserve\.table/);

      await after(guest, "rmdir /etc/portreserve.table; echo 603 >/etc/portreserve/third");
      expect([await failedUnits(guest), await said(guest, "-t portreserve -p err")]).toEqual([[], all]);
      expect(await shown(guest)).toBe("inactive success 4 tcp and 4 udp ports are in the table\n");
    }));

  test(`compile at each of ${CHANGES} changes in a row`, () =>
    withGuest(freshGuest({}, WATCH), async (guest) => {
      await guest.output(`systemctl start ${SERVICE_UNIT}`);
      const seen = await guest.output(IN_A_ROW, { timeout: 300_000 });
      expect(seen.trim().split("\n").map(Number)).toEqual(Array.from({ length: CHANGES }, (_, at) => at + 1));
      await quiet(guest);
      expect(await tablePorts(guest)).toEqual([600, 601, 700 + CHANGES]);
      expect([await pathState(guest), await failedUnits(guest)]).toEqual([WATCHING, []]);
    }));

  test("compile at the first change alone if they stay active after their work (the control), also when started by hand", () => {
    const remains = { [SERVICE_UNIT]: changed(SERVICE, "Type=oneshot\n", "Type=oneshot\nRemainAfterExit=yes\n") };
    return withGuest(freshGuest(remains, WATCH), async (guest) => {
      await after(guest, "echo 701 >/etc/portreserve/changing");
      expect(await tablePorts(guest)).toEqual([600, 601, 701]);
      await after(guest, "echo 702 >/etc/portreserve/changing");
      await after(guest, `systemctl start ${SERVICE_UNIT}`);
      expect(await tablePorts(guest)).toEqual([600, 601, 701]);
      expect(await guest.output(`systemctl show -P SubState ${SERVICE_UNIT} ${OWNERS_PATH}`)).toBe(
        "exited\n\nrunning\n",
      );
      await after(guest, `systemctl restart ${SERVICE_UNIT}`);
      expect(await tablePorts(guest)).toEqual([600, 601, 702]);
    });
  });
});

const noTrace = reason ?? skipReason({ program: "strace", package: "strace" });

test.skipIf(noTrace !== undefined)(named("compile tells systemd what it came to, and no other socket", noTrace), () =>
  withGuest(freshGuest(), async (guest) => {
    const started = async (socket: string): Promise<number> =>
      Number(
        await guest.output(`NOTIFY_SOCKET=${socket} strace -f -o /run/trace -e trace=execve ${NODE} ${MAIN} compile --settle >/dev/null
grep -c '/systemd-notify"' /run/trace; true`),
      );
    expect(await started("/run/elsewhere")).toBe(0);
    // The control: there is nobody whose status it would be.
    expect(await started("/run/systemd/notify")).toBeGreaterThan(0);
  }),
);
