// Killed at each call that changes a file, 'hold --share' and 'unhold' never leave a port held from an owner without the library.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { IMAGE, makeImage } from "../support/fault/image.ts";
import type { Call } from "../support/fault/inject.ts";
import { judge } from "../support/fault/judge.ts";
import { runMatrix } from "../support/fault/matrix.ts";
import { everyKill, PATIENCE, type Point } from "../support/fault/points.ts";
import { MANAGER, noScene } from "../support/fault/run-scene.ts";
import { FULL } from "../support/full.ts";

const notHere = noScene();
const HOLD = `${MANAGER} hold 161/udp --share --unit snmpd --root ${IMAGE}`;
const UNHOLD = `${MANAGER} unhold snmp --root ${IMAGE}`;
const DROP_IN = `${IMAGE}/etc/systemd/system/snmpd.service.d/50-portreserve.conf`;
const HELD = `${IMAGE}/etc/portreserve.hold`;
// Of a folder that was made for a file, a run that is killed between the two leaves an empty one: here they are there before.
const MADE = `${makeImage(`mkdir -p ${IMAGE}/usr/lib/systemd/system ${IMAGE}/usr/bin
printf '[Unit]\\n' >${IMAGE}/usr/lib/systemd/system/some.service
: >${IMAGE}/usr/bin/node
echo 161/udp >${IMAGE}/etc/portreserve/snmp
printf '[Service]\\nExecStart=/usr/sbin/snmpd\\n' >snmpd.service
mkdir snmpd.service.d sysinit.target.wants; : >snmpd.service.d/other.conf; : >sysinit.target.wants/other`)}${MANAGER} install --root ${IMAGE}`;

/** By default what concerns the drop-in, the word and the held ports: lock and folders are those of every verb. */
const choose = (calls: readonly Call[]): readonly Point[] =>
  everyKill(FULL ? calls : calls.filter(({ paths }) => paths.some((one) => /\.service|portreserve[./]/.test(one))));

describe.skipIf(notHere !== undefined)(named("an owner with the share library", notHere), () => {
  test.each([
    // What a killed one has left beside a drop-in that is not there yet, the next one for this unit removes.
    ["hold", MADE, HOLD, { hold: HOLD, both: `${HOLD} && ${UNHOLD}` }],
    ["unhold", `${MADE} && ${HOLD}`, UNHOLD, { hold: HOLD, unhold: UNHOLD }],
  ])(
    "%s: the library is there wherever the port is held, and the next run finishes it",
    async (verb, prepare, command, continuations) => {
      const matrix = await runMatrix({ prepare, command, continuations }, choose);
      const { summary, failures } = judge(`crash matrix of ${verb} --share`, matrix);
      console.log(summary);
      expect(failures).toEqual([]);
      const { before, after } = matrix.undisturbed;
      const heldFile = (verb === "hold" ? after : before).listing.get(HELD);
      const states = matrix.results.map(({ first: { listing } }) => [
        listing.get(HELD) === heldFile,
        listing.has(DROP_IN),
      ]);
      expect(states.filter(([held, shares]) => held && !shares)).toEqual([]);
      // The control: it was held and shared in one end state, and neither in the other; and killed runs left both of these.
      expect(heldFile).toBeDefined();
      expect(states.some(([held, shares]) => held && shares)).toBe(true);
      expect(states.some(([held, shares]) => !held && shares)).toBe(true);
      expect([before, after].map(({ listing }) => listing.has(DROP_IN))).toEqual([verb === "unhold", verb === "hold"]);
    },
    PATIENCE,
  );
});
