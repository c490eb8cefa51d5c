// The judgement: from what was seen on a host to a verdict on everything that can hand out a privileged port.

import { isUnseen, type Unseen } from "../core/seen.ts";
import { compareText, counted, unique } from "../core/text.ts";
import { AS_ROOT, asRoot } from "./as-root.ts";
import type { Decision } from "./checks.ts";
import type { Allocator, Coverage, HostAnswer, PortState, Verdict } from "./coverage.ts";
import type { HostFacts, ProcessFacts, ProgramFacts } from "./facts.ts";
import { decideOn } from "./held.ts";
import { hintsFor } from "./hints.ts";
import { type Known, portStates } from "./holders.ts";
import { type Host, hostOf } from "./host.ts";
import { hostAnswers } from "./host-answers.ts";
import { kernelClient, plan9Client } from "./kernel-client.ts";
import { shownFileName } from "./names.ts";
import { portsLeft } from "./ports-left.ts";
import { describeImage, isIndeterminate, partsToLoad, unreadable } from "./program-image.ts";
import { type Classified, classify, isPowerless, processName } from "./running.ts";

/** Pure, and never throws: what could not be seen ends as `unknown`, never as `covered`. */
export function assess(facts: HostFacts): Coverage {
  const host = hostOf(facts);
  const judged = facts.processes.map((process) => ({ process, ...classify(process, host) }));
  const known = new Map<number, Known>(judged.map((it) => [it.process.pid, { process: it.process, kind: surely(it) }]));
  const { allocators, excluded } = allocatorsOf(host, judged);
  const ports = portStates(host, known);
  const answers = hostAnswers(host);
  const random = new Set(judged.filter(({ kind }) => kind !== "none").map(({ process }) => process.pid));
  return {
    answers,
    allocators,
    ports,
    owners: unique((facts.reservations ?? []).map(({ owner }) => owner)).length,
    excluded,
    portsLeft: portsLeft(ports, facts.socketsUnseen === undefined),
    hints: hintsFor(host, ports, random),
    verdict: overall(answers, allocators, ports),
  };
}

/** Nobody is called a thief who may not be an allocator at all. */
function surely(judged: Classified): Classified["kind"] {
  return judged.kind === "allocator" && isIndeterminate(judged.running.image) ? "indeterminate" : judged.kind;
}

type Row = Classified & { readonly process: ProcessFacts };

function allocatorsOf(host: Host, judged: readonly Row[]): Pick<Coverage, "allocators" | "excluded"> {
  const found: Allocator[] = [];
  const indeterminate: Unseen[] = [];
  const started = new Set<ProgramFacts>();
  const programs = host.facts.programs.map((facts) => ({ facts, ...programOf(facts, host) }));
  const excluded = { otherNetworks: 0, powerless: 0 };
  for (const row of judged) {
    const { process } = row;
    if (row.kind === "none") continue;
    if (!isUnseen(process.network) && process.network === "other") {
      if (row.kind === "allocator") excluded.otherNetworks += 1;
    } else if (isPowerless(process, host.facts)) {
      if (row.kind === "allocator") excluded.powerless += 1;
    } else if (row.kind === "allocator") {
      found.push(processAllocator(process, row.running.image.via, decideOn(row.running, host)));
    } else {
      const starts = programs.find(({ facts, kind }) => kind === "allocator" && isStartedAs(process, facts, host));
      if (starts === undefined) {
        indeterminate.push(row.why);
      } else {
        started.add(starts.facts);
        found.push({
          ...processAllocator(process, starts.via, hidden(row.why)),
          name: shownFileName(starts.facts.path),
        });
      }
    }
  }
  const idle = programs.filter(({ facts }) => !started.has(facts));
  for (const { kind, allocator } of idle) if (kind === "allocator") found.push(allocator);
  const unread = idle.flatMap(({ why }) => why ?? []);
  const strange = host.facts.hidden === undefined ? [] : [folded("processes that are hidden", 0, [host.facts.hidden])];
  const folds = [
    ...(indeterminate.length === 0
      ? []
      : [folded(counted(indeterminate.length, "process", "processes"), indeterminate.length, indeterminate)]),
    ...(unread.length === 0 ? [] : [folded(counted(unread.length, "program", "programs"), unread.length, unread)]),
  ];
  return {
    allocators: [...found, ...kernelClient(host), ...plan9Client(host), ...folds, ...strange].sort(inOrder),
    excluded,
  };
}

function processAllocator(
  process: ProcessFacts,
  via: readonly string[],
  decision: Decision & { check: string },
): Allocator {
  const { pid, unit, program } = process;
  const { verdict, check, reason, hint } = decision;
  const path = isUnseen(program) ? undefined : program;
  return {
    kind: "process",
    name: processName(process),
    pid,
    unit,
    program: path,
    count: 1,
    via,
    verdict,
    check,
    reason,
    hint,
  };
}

interface Judgement {
  readonly kind: "allocator" | "indeterminate" | "none";
  readonly via: readonly string[];
  readonly why?: Unseen;
  readonly allocator: Allocator;
}

function programOf(facts: ProgramFacts, host: Host): Judgement {
  const image = describeImage(facts.path, partsToLoad(facts.objects), () => false);
  const hole = unreadable(image.parts);
  const unit = facts.privileged ? undefined : host.unit(facts.unit);
  const allocates = image.via.length > 0 || isIndeterminate(image);
  const decision = decideOn({ program: facts, image, unit }, host);
  const { verdict, check, reason, hint } = decision;
  const { via } = image;
  const who = { kind: "program", name: shownFileName(facts.path), pid: undefined, unit: facts.unit } as const;
  const allocator = { ...who, program: facts.path, count: 1, via, verdict, check, reason, hint };
  if (allocates) return { kind: "allocator", via, allocator };
  return hole === undefined
    ? { kind: "none", via, allocator }
    : { kind: "indeterminate", via, why: hole.why, allocator };
}

/** A unit that starts an allocator has one in it, as long as nothing else is known of the process. */
function isStartedAs(process: ProcessFacts, { path, unit: by, privileged }: ProgramFacts, host: Host): boolean {
  const unit = host.unit(process.unit);
  if (privileged || unit === undefined) return false;
  if (!isUnseen(process.program) && process.program !== path) return false;
  // Of its other processes nothing is known.
  if (unit.mainPid !== undefined && unit.mainPid !== process.pid) return false;
  return host.unit(by) === unit || unit.programs.includes(path);
}

function hidden(why: Unseen): Decision & { check: string } {
  return { check: "seen", verdict: "unknown", reason: why.unseen, hint: asRoot(why) };
}

const MOST_REASONS = 3;

function folded(name: string, count: number, reasons: readonly Unseen[]): Allocator {
  const texts = unique(reasons.map(({ unseen }) => unseen));
  const more = texts.length > MOST_REASONS ? ["and others"] : [];
  return {
    kind: "unseen",
    name,
    pid: undefined,
    unit: undefined,
    program: undefined,
    count,
    via: [],
    verdict: "unknown",
    check: "seen",
    reason: [...texts.slice(0, MOST_REASONS), ...more].join("; "),
    hint: reasons.some(({ rootWould }) => rootWould) ? AS_ROOT : undefined,
  };
}

const VERDICTS: readonly Verdict[] = ["not covered", "unknown", "covered"];
const KINDS: readonly Allocator["kind"][] = ["process", "program", "kernel", "unseen"];

function inOrder(a: Allocator, b: Allocator): number {
  return (
    VERDICTS.indexOf(a.verdict) - VERDICTS.indexOf(b.verdict) ||
    KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) ||
    compareText(a.name, b.name) ||
    (a.pid ?? 0) - (b.pid ?? 0) ||
    compareText(a.unit ?? "", b.unit ?? "")
  );
}

/** What cannot be seen of a port that nobody has reserved puts nothing at risk. */
function overall(
  answers: readonly HostAnswer[],
  allocators: readonly Allocator[],
  ports: readonly PortState[],
): Verdict {
  const states = ports.filter(({ reserved }) => reserved);
  if (
    answers.some(({ state }) => state === "bad") ||
    allocators.some(({ verdict }) => verdict === "not covered") ||
    states.some(({ state }) => state === "stolen")
  ) {
    return "not covered";
  }
  const open =
    answers.some(({ state }) => state === "unknown") ||
    allocators.some(({ verdict }) => verdict === "unknown") ||
    states.some(({ state, holders }) => state === "unknown" || holders.some(({ verdict }) => verdict === "unknown"));
  return open ? "unknown" : "covered";
}
