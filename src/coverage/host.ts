// The host as the checks ask for it: the facts, and what is looked up in them often.

import type { Protocol } from "../core/config/types.ts";
import { isUnseen } from "../core/seen.ts";
import { unique } from "../core/text.ts";
import type { ElfFacts, HostFacts, LibraryFacts } from "./facts.ts";
import { type HoldOf, holdsByPort, holdsIn } from "./holds.ts";
import type { UnitFacts } from "./unit-facts.ts";

export interface Host {
  readonly facts: HostFacts;
  /** The keys of the libraries that are installed now. */
  readonly libraries: ReadonlyMap<string, LibraryFacts>;
  /** The unit of this name or alias; undefined also where units cannot be seen. */
  readonly unit: (name: string | undefined) => UnitFacts | undefined;
  /** The list does not name the shim, and some unit has a drop-in. */
  readonly unitByUnit: boolean;
  readonly tableInForce: boolean;
  /** Reserved ports below 1024; undefined where neither the configuration nor a table can be read. */
  readonly reserved: ReadonlyMap<Protocol, ReadonlySet<number>> | undefined;
  /** Ports that are to be held or blocked, or are, also above 1023. */
  readonly holds: ReturnType<typeof holdsIn>;
  readonly holdOf: HoldOf;
}

export function hostOf(facts: HostFacts): Host {
  const { setup, reservations } = facts;
  const units = isUnseen(facts.units) ? [] : facts.units;
  const byName = new Map(units.flatMap((unit) => [unit.id, ...unit.names].map((name) => [name, unit])));
  const tableInForce = ["fresh", "stale", "valid"].includes(setup.table.state);
  const reservedFor = (protocol: Protocol): Set<number> => {
    const asked = (reservations ?? []).filter((row) => row.protocol === protocol).map(({ port }) => port);
    return new Set([...asked, ...setup.table[protocol]].filter((port) => port >= 1 && port < 1024));
  };
  const holds = holdsIn(facts);
  return {
    facts,
    holds,
    holdOf: holdsByPort(holds),
    libraries: new Map(
      [...setup.libraries, ...(setup.highLibraries ?? [])].flatMap((library) =>
        library.key === undefined ? [] : [[library.key, library]],
      ),
    ),
    unit: (name) => (name === undefined ? undefined : byName.get(name)),
    unitByUnit: !listNamesShim(facts) && units.some(({ hasDropIn }) => hasDropIn),
    tableInForce,
    reserved:
      reservations === undefined && !tableInForce
        ? undefined
        : new Map([
            ["tcp", reservedFor("tcp")],
            ["udp", reservedFor("udp")],
          ]),
  };
}

/** False also where the list cannot be seen. */
export function listNamesShim({ setup }: HostFacts): boolean {
  return !isUnseen(setup.list) && setup.list.namesShim;
}

/**
 * What a program would get as the shim, in `unit` if it has one: the twin where its drop-in gives that. A missing one is not
 * loaded, and what the list names is. Undefined where the host has no loader of its ABI.
 */
export function libraryFor(
  program: ElfFacts | undefined,
  facts: HostFacts,
  unit: UnitFacts | undefined,
): LibraryFacts | undefined {
  const { libraries, highLibraries = [] } = facts.setup;
  const find = (all: readonly LibraryFacts[]): LibraryFacts | undefined => all.find(({ abi }) => abi === program?.abi);
  const high = unit?.hasDropIn === true && unit.highPorts === true ? find(highLibraries) : undefined;
  return high === undefined || (high.state === "missing" && listNamesShim(facts)) ? find(libraries) : high;
}

/** Ascending, each once, whatever the protocol. */
export function reservedPorts(reserved: NonNullable<Host["reserved"]>): number[] {
  return unique([...reserved.values()].flatMap((ports) => [...ports])).sort((a, b) => a - b);
}
