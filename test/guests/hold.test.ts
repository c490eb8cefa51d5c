// Twenty real services, restarted beside thieves that no preload reaches: most lose their ports without a hold, and none
// with one.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { FULL } from "../support/full.ts";
import { note } from "./support/evidence.ts";
import { OWNERS } from "./support/owners.ts";
import {
  bootOwners,
  fileOf,
  lostInRestarts,
  ownerReleases,
  PATIENT,
  served,
  startOwners,
  startThieves,
  stopThieves,
} from "./support/owners-scene.ts";

/** Of each of the owners. */
const RESTARTS = FULL ? 25 : 1;
const PORTS = OWNERS.map(({ port }) => port);
const NAMES = OWNERS.map(({ unit }) => fileOf(unit)).join(" ");

describe.each(await ownerReleases(FULL ? ["bookworm", "trixie"] : ["trixie"]))("$suite", ({ suite, reason }) => {
  describe.skipIf(reason !== undefined)(named("twenty services beside three thieves", reason), () => {
    test("lose their ports when they restart, with the shim too, and never while these are held", {
      timeout: 300_000 + RESTARTS * 120_000,
    }, async () => {
      const engine = suite === "bookworm" ? "unshare" : "nspawn";
      const guest = await bootOwners(suite, engine);
      try {
        expect((await guest.run("portreservectl install", PATIENT)).stderr).toBe("");
        await startOwners(guest);
        expect(await served(guest)).toEqual(PORTS);

        await startThieves(guest);
        const lost = await lostInRestarts(guest, 1);
        expect(lost.length).toBeGreaterThan(OWNERS.length / 2);
        expect(Math.min(...(await stopThieves(guest)))).toBeGreaterThan(300);

        // With the ports free again, each owner is asked what it does, and all of them can be held.
        await startOwners(guest);
        expect(await served(guest)).toEqual(PORTS);
        expect(await guest.run(`portreservectl hold ${NAMES}`, PATIENT)).toMatchObject({ status: 0, stderr: "" });
        expect(await served(guest)).toEqual(PORTS);

        await startThieves(guest);
        expect(await lostInRestarts(guest, RESTARTS)).toEqual([]);
        expect(await served(guest)).toEqual(PORTS);
        expect(Math.min(...(await stopThieves(guest)))).toBeGreaterThan(300);
        expect((await guest.run("portreservectl verify --quick", PATIENT)).stdout).not.toMatch(/stolen/);
        note(
          "20 services restart beside three static thieves; every port held",
          suite,
          engine,
          `${lost.length} of ${OWNERS.length} lose their port at a restart, with the shim installed`,
          "0 thefts",
          RESTARTS * OWNERS.length,
        );
      } finally {
        await guest.stop();
      }
    });
  });
});
