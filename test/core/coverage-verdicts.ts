// Verdicts as lines of text, to compare in tests.
import { assess } from "../../src/coverage/assess.ts";
import type { HostFacts, ObjectFacts, ProcessFacts, ProgramFacts } from "../../src/coverage/facts.ts";
import { type Change, facts, MARKER, OBJECTS, program } from "./coverage-facts.ts";

/** "verdict (check): reason → cure" of each allocator. */
export function verdicts(host: HostFacts): string[] {
  return assess(host).allocators.map(({ verdict, check, reason, hint }) => {
    const why = reason === undefined ? "" : `: ${reason}`;
    return `${verdict} (${check})${why}${hint === undefined ? "" : ` → ${hint}`}`;
  });
}

/** Of a host where this is the only process. */
export const on = (one: ProcessFacts, change: Change = {}): string =>
  verdicts(facts({ processes: [one], ...change })).join("\n");

/** Of a host where no process holds a port or allocates, but for what is said. */
export const only = (change: Change): string[] => verdicts(facts({ processes: [], sockets: [], ...change }));

/** A program on the disk with these objects, the first of which is its own file. */
export function programOf(keys: readonly string[], change: Partial<ProgramFacts> = {}): ProgramFacts {
  const objects = keys.flatMap((key): ObjectFacts[] => (OBJECTS[key] ? [OBJECTS[key]] : []));
  return program({ path: objects[0]?.path ?? "/opt/x", objects, ...change });
}

/** The shim's library is not the one that it should be, or as is said. */
export const library = (change: object): Change => ({
  setup: {
    libraries: [{ abi: "x86_64", path: "/usr/lib/x", state: "differs", key: "shim", marker: MARKER, ...change }],
  },
});
