// A table of checks, and how one verdict comes out of it.

import { isUnseen, type Seen, type Unseen } from "../core/seen.ts";
import { asRoot } from "./as-root.ts";
import type { Verdict } from "./coverage.ts";
import type { Host } from "./host.ts";

export interface Decision {
  readonly verdict: Verdict;
  /** Words that follow "not covered: " and the like. */
  readonly reason: string | undefined;
  readonly hint: string | undefined;
}

/** Undefined: this check has nothing against it, and the next one is asked. */
export interface Check<Subject> {
  readonly id: string;
  readonly question: string;
  readonly assess: (subject: Subject, host: Host) => Decision | undefined;
  /** Its answer ends the questions: without it the later ones have no meaning. */
  readonly ends?: boolean;
}

/**
 * The first check that knows that it is not covered decides; then the first that does not know; then the first that
 * knows that it is covered. Where none says anything, it is unknown.
 */
export function decide<Subject>(
  checks: readonly Check<Subject>[],
  subject: Subject,
  host: Host,
): Decision & { readonly check: string } {
  const said: (Decision & { readonly check: string })[] = [];
  for (const { id, assess, ends } of checks) {
    const decision = assess(subject, host);
    if (decision === undefined) continue;
    said.push({ ...decision, check: id });
    if (ends === true) break;
  }
  for (const verdict of ["not covered", "unknown", "covered"] as const) {
    const first = said.find((decision) => decision.verdict === verdict);
    if (first !== undefined) return first;
  }
  return { ...unknown("no check has an answer"), check: "none" };
}

export function notCovered(reason: string, hint?: string): Decision {
  return { verdict: "not covered", reason, hint };
}

export function unknown(reason: string, hint?: string): Decision {
  return { verdict: "unknown", reason, hint };
}

export function covered(reason?: string, hint?: string): Decision {
  return { verdict: "covered", reason, hint };
}

/** `what` completes "… cannot be seen: WHY". */
export function unseen(what: string, why: Unseen): Decision {
  return unknown(`${what} cannot be seen: ${why.unseen}`, asRoot(why));
}

/** The value where it was seen and is so; an unseen one never is. */
export function is<T>(value: Seen<T>, wanted: T): boolean {
  return !isUnseen(value) && value === wanted;
}
