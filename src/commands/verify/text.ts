// What verify says to a person: the verdict, then all that is not covered or not known, then the proof.
import { counted } from "../../core/text.ts";
import type { Allocator, HostAnswer, Verdict } from "../../coverage/coverage.ts";

import type { Block, Line, Span, Tone } from "../../report/types.ts";
import { allocatorGroups } from "../coverage/allocator-groups.ts";
import {
  arrow,
  fewOf,
  holdersOf,
  holderText,
  isThief,
  isWorthSaying,
  portText,
  VERDICT_TONES,
  verdictLine,
} from "../coverage/words.ts";
import type { HoldProof } from "./hold-proof.ts";
import type { ProofRow } from "./proof.ts";
import { AS_USER, LEFT_OUT, type Proof } from "./prove.ts";
import type { Scope, ScopedCoverage } from "./scope.ts";

export interface Verified {
  readonly scope: Scope;
  readonly proof: Proof;
  /** Undefined: nothing is held, or it was not tried. */
  readonly holds: HoldProof | undefined;
  readonly judged: ScopedCoverage;
  readonly verdict: Verdict;
}

export function verifyBlocks(verified: Verified): readonly Block[] {
  const { proof, holds, judged } = verified;
  return [
    lines([verdictText(verified)]),
    lines(judged.answers.filter(isWorthSaying).map(answerLine)),
    allocatorBlock(judged.allocators.filter(({ verdict }) => verdict !== "covered")),
    lines([...stolenLines(judged), ...unknownLines(judged)]),
    lines([headLine(verified)]),
    { kind: "columns", rows: abisOf(proof.rows).flatMap((abi) => rowsFor(abi, proof.rows)) },
    lines(holds === undefined ? [] : [holdsLine(holds)]),
    lines(proof.notes.map((note): Line => ({ text: note, tone: "dim" }))),
  ];
}

const HANG = 2;

function lines(all: readonly Line[]): Block {
  return { kind: "lines", lines: all, hang: HANG };
}

function answerLine({ state, question, answer, hint }: HostAnswer): Line {
  return [ANSWER_WORDS[state], `: ${question} ${answer}`, arrow(hint)];
}

function allocatorBlock(allocators: readonly Allocator[]): Block {
  const rows = allocators.map((one): Line[] => [
    one.name,
    one.pid === undefined ? "-" : String(one.pid),
    one.via.join(", "),
    verdictLine(one),
  ]);
  return { kind: "forms", screen: [allocatorGroups(allocators)], piped: [{ kind: "columns", rows }] };
}

const ANSWER_WORDS: Readonly<Record<HostAnswer["state"], Span>> = {
  bad: { text: "no", tone: "bad" },
  unknown: { text: "unknown", tone: "warn" },
  good: { text: "note", tone: "dim" },
};

const WORDS: Readonly<Record<Proof["state"], readonly [string, Tone]>> = {
  good: ["good", "good"],
  bad: ["failed", "bad"],
  none: ["none", "warn"],
  "left out": ["left out", "dim"],
};

function headLine({ proof, scope }: Verified): Line {
  const [text, tone] = WORDS[proof.state];
  const where = proof.how === "none" ? "" : `, ${placeText(proof, scope)}`;
  const why: readonly Span[] =
    proof.reason === undefined || isUnwanted(proof) ? [] : [`: ${proof.reason}`, arrow(proof.hint)];
  return ["proof: ", { text, tone }, where, ...why];
}

const MOST_OPEN = 8;

/** "held ports: good, each of 12 plain binds was refused" */
function holdsLine({ state, reason, hint, rows }: HoldProof): Line {
  const [text, tone] = WORDS[state];
  const open = rows.filter(({ error }) => error === undefined);
  const free = [...new Set(open.map(portText))];
  const what = {
    good: `, each of ${counted(rows.length, "plain bind")} was refused`,
    bad: `: ${fewOf(free, MOST_OPEN)} could be bound, so ${free.length === 1 ? "it is" : "they are"} not held`,
    none: `: ${reason}`,
  }[state];
  return ["held ports: ", { text, tone }, what, arrow(state === "none" ? hint : undefined)];
}

function isUnwanted({ reason }: Proof): boolean {
  return reason === LEFT_OUT.reason;
}

function placeText({ how }: Proof, scope: Scope): string {
  if (scope.kind === "host") return "by the preload list, in a network namespace";
  const whose = scope.kind === "unit" ? `'${scope.unit}'` : `process ${scope.process.pid}`;
  return how === "systemd-run"
    ? `in the sandbox of ${whose}, by systemd-run`
    : `in the environment of ${whose}, in a namespace`;
}

function abisOf(rows: readonly ProofRow[]): readonly string[] {
  return [...new Set(rows.map(({ abi }) => abi))];
}

/** One line for all that is good, and one for each fault, with the functions that have it. */
function rowsFor(abi: string, all: readonly ProofRow[]): readonly Line[][] {
  const rows = all.filter((row) => row.abi === abi);
  const good = rows.filter((row) => row.good);
  const failures = new Map<string, Set<string>>();
  for (const { symbol, faults } of rows) {
    for (const fault of faults) failures.set(fault, (failures.get(fault) ?? new Set()).add(symbol));
  }
  const functions = counted(new Set(good.map(({ symbol }) => symbol)).size, "function");
  const which = good.every(({ isHigh }) => isHigh)
    ? "ports that the kernel chooses, above 1023"
    : "every port from 512 to 1023 but the reserved ones";
  const goodLine = `${functions} in ${counted(good.length, "run")}: ${which}`;
  return [
    ...(good.length === 0 ? [] : [[abi, { text: "good", tone: "good" } as const, goodLine]]),
    ...[...failures]
      .filter(([fault]) => !failures.has(withoutUser(fault)))
      .map(([fault, symbols]): Line[] => [
        abi,
        { text: "failed", tone: "bad" },
        `${fault}: ${[...symbols].join(", ")}`,
      ]),
  ];
}

/** Of a fault that only an ordinary user has; empty for all others. */
function withoutUser(fault: string): string {
  return fault.endsWith(AS_USER) ? fault.slice(0, -AS_USER.length) : "";
}

function stolenLines({ stolen }: ScopedCoverage): readonly Line[] {
  return stolen.map((port) => {
    const thieves = holdersOf(port).filter(isThief).map(holderText).join(", ");
    const owners = port.owners.length === 0 ? "" : `, reserved for ${port.owners.join(", ")}`;
    return [`${portText(port)}`, ": ", { text: "stolen", tone: "bad" }, ` by ${thieves}${owners}`];
  });
}

function unknownLines({ unknown }: ScopedCoverage): readonly Line[] {
  return unknown.map((port) => [
    portText(port),
    ": ",
    { text: "unknown", tone: "warn" },
    ", who holds it cannot be seen",
  ]);
}

function verdictText({ scope, proof, holds, judged, verdict }: Verified): Line {
  const what =
    scope.kind === "host" ? "the host" : scope.kind === "unit" ? `'${scope.unit}'` : `process ${scope.process.pid}`;
  const of = (wanted: Verdict): number =>
    judged.allocators.reduce((sum, one) => sum + (one.verdict === wanted ? one.count : 0), 0);
  const proved = proof.state === "good" ? "proved" : isUnwanted(proof) ? "without a proof" : "";
  const bad = judged.answers.filter(({ state }) => state === "bad").length;
  const parts = {
    covered: [counted(of("covered"), "allocator"), proved],
    "not covered": [
      of("not covered") === 0 ? "" : counted(of("not covered"), "allocator"),
      judged.stolen.length === 0 ? "" : counted(judged.stolen.length, "stolen port"),
      bad === 0 ? "" : counted(bad, "fault in the setup", "faults in the setup"),
      proof.state === "bad" ? "the proof failed" : "",
      holds?.state === "bad" ? "held ports could be bound" : "",
    ],
    unknown: [
      of("unknown") === 0 ? "" : counted(of("unknown"), "allocator"),
      judged.unknown.length === 0 ? "" : counted(judged.unknown.length, "port"),
      proof.state === "none" ? "no proof" : "",
      holds?.state === "none" ? "no proof of held ports" : "",
    ],
  }[verdict].filter((part) => part !== "");
  const why = parts.length === 0 ? "" : ` (${parts.join(", ")})`;
  return [`${what}: `, { text: verdict, tone: VERDICT_TONES[verdict] }, why];
}
