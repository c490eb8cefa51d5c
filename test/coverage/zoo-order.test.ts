// What is said where another library stands in the preload list or in LD_PRELOAD, before the shim or behind it; then each takes what it can.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import type { Guest } from "../support/guest/guest.ts";
import { withGuest } from "../systemd/fresh.ts";
import { bootZoo, CTL, noZoo, startServices, status, takers, verdictText } from "./zoo-scene.ts";
import { CALLING_WRAPPER, type Services, SYSCALL_WRAPPER, WRAPPER } from "./zoo-services.ts";

const reason = noZoo();
const HOLDER = "/usr/local/sbin/holder";
const SERVICES: Services = {
  plain: `ExecStart=${HOLDER}`,
  library: "ExecStart=/opt/plain/program",
  // Before all of the list.
  preloaded: `ExecStart=${HOLDER}\nEnvironment=LD_PRELOAD=${WRAPPER}`,
};
const NAMES = Object.keys(SERVICES);
/** It allocates nothing. */
const IDLER = "idler";
const SHIM = "/usr/$LIB/portreserve/libportreserve.so";

interface Scene {
  readonly list: readonly string[];
  readonly idle: Readonly<Record<string, string>>;
  readonly runs: Readonly<Record<string, string>>;
  readonly takes: Readonly<Record<string, boolean>>;
  /** What the answer about the list is, if there is any. */
  readonly listed?: string;
}

const OWN = "has a bindresvport of its own";
const BELOW = `move '${WRAPPER}' below the shim's line in /etc/ld.so.preload`;
const CALLS =
  "its 'libcalling.so' has allocators of its own, which its other functions may call | take it out of the preload list or LD_PRELOAD, or use a build without it [order]";
const PRELOADED = `not covered | its 'libwrapper.so' stands before the shim, and ${OWN} | portreservectl install --unit preloaded.service --now [order]`;
const LD_PRELOAD = `would get other libraries before the shim (LD_PRELOAD=${WRAPPER}) | start it, and look again [order]`;

const before = (list: readonly string[]): Scene => ({
  list,
  idle: {
    plain: `not covered | 'libwrapper.so' stands before the shim in the preload list, and ${OWN} | ${BELOW} [order]`,
    library: `not covered | 'libwrapper.so' stands before the shim in the preload list, and ${OWN} | ${BELOW} [order]`,
    preloaded: `not covered | 'libwrapper.so' stands before the shim in the preload list, and ${OWN} | ${BELOW} [order]`,
  },
  runs: Object.fromEntries(
    NAMES.map((name) => [
      name,
      `not covered | its 'libwrapper.so' stands before the shim, and ${OWN} | ${BELOW}, then systemctl restart ${name}.service [order]`,
    ]),
  ),
  takes: { plain: true, library: true, preloaded: true },
  listed: "bad",
});

const SCENES: Readonly<Record<string, Scene>> = {
  "before the shim in the list": before([WRAPPER, SHIM]),
  "behind the shim in the list, and one before it in LD_PRELOAD": {
    list: [SHIM, WRAPPER],
    idle: {
      plain: "covered | when it starts [covered]",
      library: "covered | when it starts [covered]",
      preloaded: `unknown | ${LD_PRELOAD}`,
    },
    runs: {
      plain: "covered [covered]",
      library: "covered [covered]",
      preloaded: PRELOADED,
    },
    takes: { plain: false, library: false, preloaded: true },
  },
  "behind the shim in the list, with other functions that call its own": {
    list: [SHIM, CALLING_WRAPPER],
    idle: { plain: `unknown | ${CALLS}`, library: `unknown | ${CALLS}`, preloaded: `unknown | ${LD_PRELOAD}` },
    runs: { plain: `unknown | ${CALLS}`, library: `unknown | ${CALLS}`, preloaded: PRELOADED },
    takes: { plain: false, library: true, preloaded: true },
    listed: "unknown",
  },
  "with a syscall() of its own, which the shim does not call": {
    list: [SHIM, SYSCALL_WRAPPER],
    idle: {
      plain: "covered | when it starts [covered]",
      library: "covered | when it starts [covered]",
      preloaded: `unknown | ${LD_PRELOAD}`,
    },
    runs: { plain: "covered [covered]", library: "covered [covered]", preloaded: PRELOADED },
    takes: { plain: false, library: false, preloaded: true },
  },
};

async function verdicts(guest: Guest, kind: "program" | "process"): Promise<Readonly<Record<string, string>>> {
  const { allocators } = await status(guest);
  const of = (name: string): string => {
    const row = allocators.find((one) => one.kind === kind && one.unit === `${name}.service`);
    return row === undefined ? "no row" : verdictText(row).replace(/^.*?\) /, "");
  };
  return Object.fromEntries(NAMES.map((name) => [name, of(name)]));
}

describe.skipIf(reason !== undefined)(named("a library beside the shim", reason), () => {
  test("is named where it stands before it, and makes no other program an allocator", async () => {
    await withGuest(bootZoo(SERVICES), async (guest) => {
      await guest.output(`${CTL} install`);
      for (const [name, { list, idle, runs, takes, listed }] of Object.entries(SCENES)) {
        await guest.output(`printf '%s\\n' "$@" >/etc/ld.so.preload`, { args: list });
        const found = await verdicts(guest, "program");
        await guest.output(`systemd-run --quiet --unit ${IDLER} /usr/bin/sleep infinity`);
        await startServices(guest, ...NAMES);
        const started = await verdicts(guest, "process");
        const { allocators, answers } = await status(guest);
        const taken = await takers(guest, ...NAMES);
        await guest.output('systemctl stop "$@"; rm /run/zoo/*', { args: [...NAMES, IDLER] });
        const answer = answers.find(({ id }) => id === "list")?.state;
        expect({ name, idle: found, runs: started, takes: taken, listed: answer }).toEqual({
          name,
          idle,
          runs,
          takes,
          listed,
        });
        // Only a library that may call its own makes others allocators.
        expect(allocators.filter(({ unit }) => unit === `${IDLER}.service`).map(verdictText)).toEqual(
          list.includes(CALLING_WRAPPER) ? [`sleep (bindresvport) unknown | ${CALLS}`] : [],
        );
      }
      // A drop-in puts the shim before all of them.
      await guest.output(`printf '%s\\n' "$@" >/etc/ld.so.preload; ${CTL} install --unit preloaded --now`, {
        args: [WRAPPER],
      });
      await startServices(guest, ...NAMES);
      expect(await verdicts(guest, "process")).toMatchObject({ preloaded: "covered [covered]" });
      expect(await takers(guest, ...NAMES)).toEqual({ plain: true, library: true, preloaded: false });

      // What a process has it keeps until it is started again: then a restart is no cure.
      await guest.output(`: >/etc/ld.so.preload; ${CTL} install --unit plain --now`);
      await startServices(guest, "plain");
      await guest.output(`${CTL} uninstall --unit plain`);
      expect((await verdicts(guest, "process")).plain).toBe(
        "covered | now, but not after its next start | portreservectl install --unit plain.service [covered]",
      );
      expect(await takers(guest, "plain")).toEqual({ plain: false });
      await startServices(guest, "plain");
      expect((await verdicts(guest, "process")).plain).toMatch(/^not covered/);
      expect(await takers(guest, "plain")).toEqual({ plain: true });
    });
  }, 480_000);
});
