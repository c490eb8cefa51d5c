// Where a command is stopped or failed: choices among the calls of an undisturbed run.
import { FULL } from "../full.ts";
import { type Call, ERRORS, type How, KILLS } from "./inject.ts";

export interface Point {
  readonly call: number;
  readonly how: How;
  /** Whether all later calls fail too. */
  readonly onward: boolean;
}

/** How long a matrix goes on to its next point, in milliseconds, on however slow a machine. */
export const BUDGET = FULL ? Number.MAX_SAFE_INTEGER : 15_000;
/** A matrix of so many points is tried whole. */
export const FEW = 24;
/** Points that each sandbox tries of a larger one, however long they take. */
export const ENOUGH = 8;

/** Milliseconds for one matrix: only one that hangs takes so long, on a machine that does other things as well. */
export const PATIENCE = FULL ? 10_800_000 : 1_200_000;

/**
 * Every call, each way of being killed: only writes can be killed half-way, and by default only the first call is killed
 * before, since before any other is after the one before.
 */
export function everyKill(calls: readonly Call[]): readonly Point[] {
  const isNew = (how: How, { name, number }: Call): boolean => {
    if (how === "kill-half") return /^p?write|^copy_file_range$|^sendfile$/.test(name);
    return how !== "kill-before" || FULL || number === calls[0]?.number;
  };
  return calls.flatMap((call) =>
    KILLS.filter((how) => isNew(how, call)).map((how) => ({ call: call.number, how, onward: false })),
  );
}

/** The same, by default without what other matrices show: sandboxes are always alike. */
export function newKills(calls: readonly Call[]): readonly Point[] {
  const inSandbox = ({ paths }: Call): boolean =>
    paths.some((path) => /\/portreserve-(?:sandbox|rehearsal)-/.test(path));
  return everyKill(FULL ? calls : calls.filter((call) => !inSandbox(call)));
}

/** What a file system becomes for good: full, or read-only after an error. */
const LASTING = ["ENOSPC", "EROFS"] as const;

/** Every call with an error of that call alone; by default one of them in turn, and every other call with one of all that follow too. */
export function everyError(calls: readonly Call[]): readonly Point[] {
  const inTurn = (kinds: readonly How[], number: number): readonly How[] =>
    FULL ? kinds : kinds.filter((_, index) => index === (number - 1) % kinds.length);
  return calls.flatMap(({ number: call }) => [
    ...inTurn(ERRORS, call).map((how) => ({ call, how, onward: false })),
    ...(FULL || call % 2 === 1 ? inTurn(LASTING, (call + 1) / 2) : []).map((how) => ({ call, how, onward: true })),
  ]);
}
