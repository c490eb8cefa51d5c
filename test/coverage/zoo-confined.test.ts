// Programs that cannot open the table, for a reason that nobody can see: unknown until they have read it, and some take what is reserved.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { withGuest } from "../systemd/fresh.ts";
import { bootZoo, CTL, noZoo, startServices, status, takers, verdictText } from "./zoo-scene.ts";
import { CONFINED, noLandlock, type Services } from "./zoo-services.ts";

const reason = noZoo();
const without = reason ?? noLandlock();
const NAMES = Object.keys(CONFINED);
const SERVICES: Services = {
  plain: "ExecStart=/usr/local/sbin/holder",
  ...Object.fromEntries(NAMES.map((name) => [name, `ExecStart=/usr/local/sbin/${name}-holder`])),
};

const AGAIN = "look again after it has taken a port [table]";
const FILTER = `unknown | its seccomp filter may keep it from the table, which it has not read yet | ${AGAIN}`;
const DOMAIN = `unknown | it has no_new_privs, and Landlock may keep it from the table, which it has not read yet | ${AGAIN}`;
const COVERED = "covered [covered]";
const ours = (rows: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(rows).filter(([name]) => Object.hasOwn(SERVICES, name)));

describe.skipIf(reason !== undefined)(named("programs that confine themselves", reason), () => {
  test("are unknown until they have read the table, which the thieves among them never do", async () => {
    await withGuest(bootZoo(SERVICES), async (guest) => {
      const look = async (): Promise<Readonly<Record<string, string>>> => {
        const { allocators } = await status(guest);
        const of = (name: string): string => {
          const row = allocators.find(({ unit }) => unit === `${name}.service`);
          return row === undefined ? "no row" : verdictText(row).replace(/^.*?\) /, "");
        };
        return Object.fromEntries(Object.keys(SERVICES).map((name) => [name, of(name)]));
      };
      await guest.output(`${CTL} install`);
      await startServices(guest, "plain");
      // They say nothing of a port, since they have taken none.
      await guest.output('systemctl restart "$@"; sleep 0.2', { args: NAMES });
      expect(await look()).toEqual(
        ours({ plain: COVERED, filtered: FILTER, harmless: FILTER, unprivileged: DOMAIN, landlocked: DOMAIN }),
      );
      expect(await takers(guest, ...Object.keys(SERVICES))).toEqual(
        ours({ plain: false, filtered: true, harmless: false, unprivileged: false, landlocked: true }),
      );
      expect(await look()).toEqual(
        ours({ plain: COVERED, filtered: FILTER, harmless: COVERED, unprivileged: COVERED, landlocked: DOMAIN }),
      );
    });
  }, 240_000);

  test.skipIf(without !== undefined)(named("have one in a Landlock domain among them", without), () => {
    expect(NAMES).toContain("landlocked");
  });
});
