// How verdicts, holders and spans of time are said to a person: the same words in every verb.
import type { Allocator, Holder, HostAnswer, PortHold, PortState } from "../../coverage/coverage.ts";
import type { Line, Span, Tone } from "../../report/types.ts";

export const VERDICT_TONES = { covered: "good", "not covered": "bad", unknown: "warn" } as const satisfies Readonly<
  Record<Allocator["verdict"], Tone>
>;

/** "631/udp" */
export function portText({ port, protocol }: Pick<PortState, "port" | "protocol">): string {
  return `${port}/${protocol}`;
}

/** "cupsd 1201", "kernel", or why it is not known. */
export function holderText({ name, pid }: Holder): string {
  return pid === undefined ? name : `${name} ${pid}`;
}

/** Each holder once, though it may have several sockets; the ones that stole it first. */
export function holdersOf({ holders }: PortState): readonly Holder[] {
  const first = [...holders.filter(isThief), ...holders.filter((holder) => !isThief(holder))];
  const seen = new Set<string>();
  return first.filter((holder) => {
    const key = `${holder.verdict} ${holderText(holder)}`;
    return !seen.has(key) && seen.add(key);
  });
}

export function isThief({ verdict }: Holder): boolean {
  return verdict === "stolen";
}

const HOLD_WORDS = {
  held: { hold: "held", block: "blocked", tone: "good" },
  refused: { hold: "hold refused", block: "block refused", tone: "bad" },
  "not held": { hold: "not held", block: "not blocked", tone: "bad" },
  unknown: { hold: "unknown whether held", block: "unknown whether blocked", tone: "warn" },
} as const satisfies Readonly<Record<PortHold["state"], unknown>>;

/** "hold refused: 'ypbind' has the port who … → CURE" */
export function holdLine({ kind, state, reason, hint }: PortHold): Line {
  const words = HOLD_WORDS[state];
  return [{ text: words[kind], tone: words.tone }, reason === undefined ? "" : `: ${reason}`, arrow(hint)];
}

/** "covered", "not covered: REASON → CURE". */
export function verdictLine({ verdict, reason, hint }: Pick<Allocator, "verdict" | "reason" | "hint">): Line {
  const why = reason === undefined ? "" : `: ${reason}`;
  return [{ text: verdict, tone: VERDICT_TONES[verdict] }, why, arrow(hint)];
}

/** All but what is in order. */
export function isWorthSaying({ state, hint }: HostAnswer): boolean {
  return state !== "good" || hint !== undefined;
}

/** " → CURE", or nothing. */
export function arrow(hint: string | undefined): Span {
  return hint === undefined ? "" : { cure: hint };
}

/** "a, b and 3 more": never more than `most` names. */
export function fewOf(names: readonly string[], most: number): string {
  return names.length <= most ? names.join(", ") : `${names.slice(0, most).join(", ")} and ${names.length - most} more`;
}

const UNITS = [
  ["day", 24 * 60 * 60_000],
  ["hour", 60 * 60_000],
  ["minute", 60_000],
] as const;

/** "2 hours", rounded down; undefined below a minute and for what has yet to come. */
export function spanText(milliseconds: number): string | undefined {
  for (const [name, size] of UNITS) {
    const count = Math.floor(milliseconds / size);
    if (count >= 1) return `${count} ${name}${count === 1 ? "" : "s"}`;
  }
  return undefined;
}

/** "2 hours ago", "just now". */
export function agoText(milliseconds: number): string {
  const span = spanText(milliseconds);
  return span === undefined ? "just now" : `${span} ago`;
}
