// Counts the calls by which one program changes files, and makes one of them fail or be its last (see inject.c).
import { compileC } from "../compile-c.ts";

const SOURCE = "test/support/fault/inject.c";

/** The library to preload, compiled on first use. */
export function injector(): string {
  return compileC(SOURCE, ["-shared", "-fPIC", "-ldl"]);
}

/** `kill-half`: a write writes half of its bytes and is the last call; any other call is like `kill-after`. */
export type How = (typeof KILLS)[number] | (typeof ERRORS)[number];
export const KILLS = ["kill-before", "kill-half", "kill-after"] as const;
export const ERRORS = ["ENOSPC", "EROFS", "EACCES", "EIO"] as const;

export interface Plan {
  /** Where each call is logged, before it is made. */
  readonly log?: string;
  /** What happens at which call, counted from 1; to it alone, or to all later ones too. */
  readonly at?: { readonly call: number; readonly how: How; readonly onward: boolean };
  /** flock() always succeeds and does nothing: the control of tests that need the lock. */
  readonly ignoreLocks?: boolean;
  /** Milliseconds to wait before each call. */
  readonly delay?: number;
}

/** The variables for the one process; it takes them out of its environment, so that its children do not have them. */
export function injection({ log, at, ignoreLocks, delay }: Plan): Readonly<Record<string, string>> {
  return {
    LD_PRELOAD: injector(),
    ...(log === undefined ? {} : { FAULT_LOG: log }),
    ...(at === undefined ? {} : { FAULT_AT: String(at.call), FAULT_HOW: at.how }),
    ...(at?.onward === true ? { FAULT_ONWARD: "1" } : {}),
    ...(ignoreLocks === true ? { FAULT_IGNORE_LOCKS: "1" } : {}),
    ...(delay === undefined ? {} : { FAULT_DELAY: String(delay) }),
  };
}

export interface Call {
  readonly process: string;
  /** From 1, in each process. */
  readonly number: number;
  /** The system call's name. */
  readonly name: string;
  /** One, or two for a rename or a link. */
  readonly paths: readonly string[];
}

export function callsIn(log: string): readonly Call[] {
  const lines = log.split("\n").filter((line) => line !== "");
  return lines.map((line) => {
    const [process = "", number = "", name = "", ...paths] = line.split("\t");
    return { process, number: Number(number), name, paths };
  });
}

/** "rename /etc/.new -> /etc/old" */
export function shown({ name, paths }: Pick<Call, "name" | "paths">): string {
  return `${name} ${paths.join(" -> ").replaceAll(" (deleted)", "")}`;
}
