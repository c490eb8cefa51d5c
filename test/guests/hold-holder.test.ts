// The holder is killed, reloaded, restarted and booted while thieves run and the services are down: no port is free for a moment.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { FULL } from "../support/full.ts";
import { note } from "./support/evidence.ts";
import { OWNERS } from "./support/owners.ts";
import {
  bootOwners,
  fileOf,
  ownerReleases,
  PATIENT,
  served,
  startOwners,
  startThieves,
  stopThieves,
  THIEF_UNITS,
} from "./support/owners-scene.ts";

/** Each is followed by a second in which only systemd has the sockets. */
const KILLS = FULL ? 21 : 5;
const PORTS = OWNERS.map(({ port }) => port);
const NAMES = OWNERS.map(({ unit }) => fileOf(unit)).join(" ");
const STOP_OWNERS = `systemctl stop ${OWNERS.map(({ unit }) => unit).join(" ")} cups.socket cups.path`;
const HOLDER = "portreserve-hold.service";
const HOLDS = `for attempt in $(seq 250); do
  systemctl is-active --quiet ${HOLDER} && [ -s /run/portreserve/hold.json ] && exit 0
  sleep 0.02
done
exit 1`;

describe.each(await ownerReleases(FULL ? ["bookworm", "trixie"] : ["trixie"]))("$suite", ({ suite, reason }) => {
  describe.skipIf(reason !== undefined)(named("the holder of twenty ports whose services are down", reason), () => {
    test("is killed, reloaded, restarted and booted beside three thieves, and none gets a port before it is stopped", {
      timeout: 600_000,
    }, async () => {
      const engine = "unshare";
      const guest = await bootOwners(suite, engine);
      try {
        await guest.output("portreservectl install", PATIENT);
        await startOwners(guest);
        await guest.output(`portreservectl hold ${NAMES}`, PATIENT);
        await guest.output(STOP_OWNERS, PATIENT);
        await startThieves(guest);

        await guest.output(`for kill in $(seq ${KILLS}); do
  systemctl kill -s KILL ${HOLDER}
  until [ "$(systemctl show -P NRestarts ${HOLDER})" -ge $kill ] && systemctl is-active --quiet ${HOLDER}; do sleep 0.02; done
done
${HOLDS}`);
        expect(Number(await guest.output(`systemctl show -P NRestarts ${HOLDER}`))).toBe(KILLS);
        await startOwners(guest);
        expect(await served(guest)).toEqual(PORTS);

        await guest.output(STOP_OWNERS, PATIENT);
        await guest.output(`for reload in $(seq 10); do systemctl reload ${HOLDER}; done
systemctl daemon-reexec; systemctl restart ${HOLDER}; systemctl daemon-reload; ${HOLDS}`);
        await startOwners(guest);
        expect(await served(guest)).toEqual(PORTS);

        // As early as services start that do not ask for more.
        await guest.output(`systemctl add-wants -q multi-user.target ${THIEF_UNITS}`);
        await guest.reboot();
        await guest.output(HOLDS);
        await startOwners(guest);
        const atBoot = await served(guest);
        await stopThieves(guest);

        // Without it, all of them go.
        await guest.output(`${STOP_OWNERS}; systemctl stop ${HOLDER}`, PATIENT);
        await startThieves(guest);
        await guest.output("sleep 1");
        await startOwners(guest).catch(() => undefined);
        const control = await served(guest);
        expect(control.length).toBeLessThan(PORTS.length / 2);
        expect(atBoot).toEqual(PORTS);
        note(
          `the holder of 20 ports killed ${KILLS} times, reloaded, restarted, and booted beside three static thieves`,
          suite,
          engine,
          `${PORTS.length - control.length} of 20 ports taken once it is stopped`,
          "0 thefts",
          "once",
        );
      } finally {
        await guest.stop();
      }
    });
  });
});
