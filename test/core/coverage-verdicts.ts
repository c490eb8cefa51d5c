// Verdicts as lines of text, to compare in tests.
import { assess } from "../../src/coverage/assess.ts";
import type { HostFacts, ProcessFacts } from "../../src/coverage/facts.ts";
import { type Change, facts } from "./coverage-facts.ts";

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
