// Boot after boot with random process ids: how often a daemon of NIS or NFS gets a reserved port, and that with portreserve none does.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { FULL } from "../support/full.ts";
import type { Guest } from "../support/guest/guest.ts";
import { note } from "./support/evidence.ts";
import { bootRelease, releases } from "./support/releases.ts";
import { type Boot, REBOOTS, tally } from "./support/theft-reboots.ts";

const COVERED = Number(process.env.PORTRESERVE_REBOOTS ?? (FULL ? 25 : 8));
/** One boot in five has a theft: these are enough to see, and where they are not, they go on until there is one. */
const CONTROL = Math.ceil(COVERED / 4);
const AT_MOST = 400;

async function reboots(guest: Guest, enough: (boots: readonly Boot[]) => boolean): Promise<readonly Boot[]> {
  const boots: Boot[] = [];
  while (!enough(boots)) {
    await guest.reboot();
    boots.push(await tally(guest));
  }
  return boots;
}

const withTheft = (boots: readonly Boot[]): number => boots.filter(({ thefts }) => thefts.length > 0).length;

describe.concurrent.each(await releases())("$suite", ({ suite, reason }) => {
  describe.skipIf(reason !== undefined)(named("reboots with random process ids", reason), () => {
    test(`see thefts; and none in ${COVERED} with portreserve, while every daemon takes its ports`, {
      timeout: 120_000 + (COVERED + CONTROL) * 10_000,
    }, async () => {
      const engine = "unshare";
      const guest = await bootRelease(suite, { engine, services: "asked", files: REBOOTS });
      try {
        const control = await reboots(
          guest,
          (boots) => boots.length >= CONTROL && (withTheft(boots) > 0 || boots.length >= AT_MOST),
        );
        expect(withTheft(control)).toBeGreaterThan(0);

        await guest.output("portreservectl install");
        const covered = await reboots(guest, ({ length }) => length >= COVERED);
        expect(covered.filter(({ thefts }) => thefts.length > 0)).toEqual([]);
        expect(covered.filter(({ cups }) => cups !== "127.0.0.1:631 [::1]:631")).toEqual([]);
        for (const boots of [control, covered]) {
          // Four sockets each, and one of rpc.statd's; from another process id each time.
          expect(boots.filter(({ idle, taken }) => idle.length > 0 || taken < 17)).toEqual([]);
          expect(new Set(boots.map(({ first }) => first)).size).toBeGreaterThan(boots.length / 2);
        }
        note(
          "reboots in a row with random process ids, five daemons and 13 reserved ports",
          suite,
          engine,
          `${withTheft(control)} of ${control.length} boots with a theft`,
          `0 of ${COVERED}`,
          COVERED,
        );
      } finally {
        await guest.stop();
      }
    });
  });
});
