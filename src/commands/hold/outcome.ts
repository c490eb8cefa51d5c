// What came of each port once portreserve-hold was told: its own state says, after a moment.
import { type PortPlace, placeText } from "../../core/hold/port-lines.ts";
import type { HeldFacts } from "../../coverage/hold-facts.ts";
import { type HolderFound, readHolder } from "../../observe/holder/read-holder.ts";
import type { Line } from "../../report/types.ts";
import { HOLDER_PROGRAM } from "../../system/paths.ts";
import { arrow } from "../coverage/words.ts";
import { lookUntil } from "../look-until.ts";

/** Milliseconds: what is refused is tried again every two seconds. */
const PATIENCE = 3000;

/** `result`: of both address families together. `waiting`: it does not say anything of the port. */
export interface PortOutcome extends PortPlace {
  readonly result: "held" | "beside" | "refused" | "waiting" | "no holder";
  readonly error?: string;
}

export interface Expected extends PortPlace {
  /** Somebody has it who has to give it back first, so that nobody waits for it here. */
  readonly mayWait: boolean;
}

export async function awaitOutcomes(
  expected: readonly Expected[],
  kind: HeldFacts["kind"],
): Promise<readonly PortOutcome[]> {
  const isSettled = (outcomes: readonly PortOutcome[]): boolean =>
    expected.every((place, at) => {
      const result = outcomes[at]?.result;
      return result === "held" || result === "beside" || (result === "refused" && place.mayWait);
    });
  return await lookUntil(PATIENCE, () => outcomesOf(expected, kind, readHolder()), isSettled);
}

function outcomesOf(
  expected: readonly PortPlace[],
  kind: HeldFacts["kind"],
  found: HolderFound,
): readonly PortOutcome[] {
  return expected.map(({ port, protocol }): PortOutcome => {
    const place = { port, protocol };
    if (found.kind !== "running") return { ...place, result: "no holder" };
    const held = found.state.held.find((one) => one.port === port && one.protocol === protocol && one.kind === kind);
    if (held === undefined) return { ...place, result: "waiting" };
    const slots = [held.ipv4, held.ipv6];
    if (slots.includes("refused")) return { ...place, result: "refused", error: held.error ?? "unknown" };
    return { ...place, result: slots.includes("beside") ? "beside" : "held" };
  });
}

export function isGood({ result }: PortOutcome): boolean {
  return result === "held" || result === "beside";
}

/** `reclaim`: what gives a port back that somebody else has. */
export function outcomeRow(
  outcome: PortOutcome,
  kind: HeldFacts["kind"],
  reclaim: string | undefined,
): readonly Line[] {
  const word = kind === "hold" ? "held" : "blocked";
  return [placeText(outcome), wordsOf(outcome, word, reclaim)];
}

function wordsOf({ result, error }: PortOutcome, word: string, reclaim: string | undefined): Line {
  switch (result) {
    case "held":
      return { text: `${word} now`, tone: "good" };
    case "beside":
      return { text: `${word} now, beside its owner`, tone: "good" };
    case "refused": {
      const why = REASONS[error ?? ""] ?? error;
      return [{ text: `not ${word} yet`, tone: "warn" }, `: ${why}`, arrow(reclaim)];
    }
    case "waiting":
      return [{ text: `not ${word} yet`, tone: "warn" }, `: ${HOLDER_PROGRAM} has said nothing of it`];
    case "no holder":
      return [{ text: `not ${word}`, tone: "bad" }, `: ${HOLDER_PROGRAM} is not running`];
    default:
      return result satisfies never;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: `somebody has it without SO_REUSEADDR, and ${HOLDER_PROGRAM} goes on trying`,
  EPERM: `${HOLDER_PROGRAM} lacks CAP_NET_ADMIN, which it takes beside an owner that listens`,
  ENOPROTOOPT: "this kernel cannot hold ports of udp",
};
