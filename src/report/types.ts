// What a verb returns: the outcome, the diagnostics, the lines a person reads and the data a script reads.
import type { Diagnostic } from "../core/config/types.ts";

/**
 * How a verb ended, as a word; `cli/exit-codes.ts` gives each its number.
 * `done`: done, or yes. `no`: it ran, and the answer is no or something was rejected. `incomplete`: input or output
 * failed. `unsafe`: refused. `not-executable`, `not-found`: only `run`, as a shell reports them.
 */
export type Outcome = "done" | "no" | "usage" | "incomplete" | "privilege" | "unsafe" | "not-executable" | "not-found";

export type Tone = "good" | "bad" | "warn" | "strong" | "dim";

/**
 * Raw text: the writer escapes it, so a span can never break its line or drive a terminal. `whole`: not folded inside.
 * `cure`: a command or advice behind an arrow; where its line has to be folded it gets one of its own.
 */
export type Span =
  | string
  | { readonly text: string; readonly tone: Tone; readonly whole?: true }
  | { readonly cure: string };

/** One line on the terminal. */
export type Line = Span | readonly Span[];

/** Lines, or rows set in columns under an optional heading; or one thing in two forms. */
export type Block =
  | {
      readonly kind: "lines";
      readonly lines: readonly Line[];
      /** On a terminal that is too narrow they are folded at spaces; the rest of a line is indented by so many cells. */
      readonly hang?: number;
    }
  | {
      readonly kind: "columns";
      readonly heading?: readonly string[];
      readonly rows: readonly (readonly Line[])[];
      /** Cells in front of each row. */
      readonly indent?: number;
    }
  /** `screen`: for a person before a terminal. `piped`: for files and other programs, one line for each thing. */
  | { readonly kind: "forms"; readonly screen: readonly Block[]; readonly piped: readonly Block[] };

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export interface Report {
  readonly command: string;
  readonly outcome: Outcome;
  /** All diagnostics on the input; the text form may show fewer (see `quiet`), the JSON form has every one. */
  readonly diagnostics: readonly Diagnostic[];
  /** The severities that the text form leaves out. */
  readonly quiet?: readonly Diagnostic["severity"][];
  /** What went wrong or deserves attention, on standard error after the diagnostics. */
  readonly messages?: readonly Message[];
  /** The result for a person, on standard output. */
  readonly body: readonly Block[];
  /** The result in a format of its own that needs no more escaping, instead of `body`; empty for nothing at all. */
  readonly text?: string;
  /** Instead of the outcome's own, for a program that has exit codes of its own for what it asks. */
  readonly exitCode?: number;
  /** All of it was written already. */
  readonly written?: true;
  /** The result for a script: fields of the JSON document beside schemaVersion, command, outcome, exitCode, diagnostics and messages. */
  readonly data: { readonly [key: string]: Json };
}

/** `portreservectl: error: MESSAGE`, then `hint: …`. */
export interface Message {
  readonly severity: "error" | "warning" | "note";
  readonly message: string;
  readonly hint?: string;
}
