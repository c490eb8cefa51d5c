// Diagnostics of the input, at most 100 errors and 100 notes for the lines of each file: the others are counted.
import { placeIn, type SourceLine, type TextRange } from "./lines.ts";
import type { Diagnostic } from "./types.ts";

type Severity = Diagnostic["severity"];

/** The most errors, and as many notes again, that are kept for the lines of one file. */
export const FILE_DIAGNOSTICS = 100;

/** What a diagnostic on a line says. */
export type DiagnosticText = Pick<Diagnostic, "code" | "message" | "hint">;

/** The diagnostics on one file. A line has at most one error. */
export interface FileDiagnostics {
  /** A diagnostic on the file as a whole is always kept. */
  onFile(diagnostic: Diagnostic): void;
  /** `describe` is called only for a diagnostic that is kept. */
  onLine(severity: Severity, line: SourceLine, span: TextRange, describe: () => DiagnosticText): void;
}

export interface DiagnosticStore {
  forFile(path: string): FileDiagnostics;
  /** All that was kept, and for each file and severity with more than that one diagnostic 'more-diagnostics' with their number. */
  all(): Diagnostic[];
}

export function diagnosticStore(): DiagnosticStore {
  const kept: Diagnostic[] = [];
  const files = new Map<string, Record<Severity, Tally>>();
  return {
    forFile(path) {
      const tallies = files.get(path) ?? { error: { kept: 0, left: 0 }, note: { kept: 0, left: 0 } };
      files.set(path, tallies);
      return {
        onFile: (diagnostic) => kept.push(diagnostic),
        onLine(severity, line, span, describe) {
          const tally = tallies[severity];
          if (tally.kept >= FILE_DIAGNOSTICS) {
            tally.left += 1;
            return;
          }
          tally.kept += 1;
          kept.push({ severity, ...describe(), place: placeIn(path, line, span) });
        },
      };
    },
    all() {
      const rest = [...files].flatMap(([path, { error, note }]) => [
        ...(error.left === 0 ? [] : [moreErrors(path, error.left)]),
        ...(note.left === 0 ? [] : [moreNotes(path, note.left)]),
      ]);
      return kept.concat(rest);
    },
  };
}

interface Tally {
  kept: number;
  left: number;
}

function moreErrors(file: string, count: number): Diagnostic {
  const message =
    count === 1
      ? "1 more line of this file is rejected, and is not shown"
      : `${count} more lines of this file are rejected, and are not shown`;
  const hint = "correct the lines that are shown, then check again";
  return { severity: "error", code: "more-diagnostics", message, hint, file, count };
}

function moreNotes(file: string, count: number): Diagnostic {
  const message =
    count === 1
      ? "1 more note on a line of this file is left out"
      : `${count} more notes on lines of this file are left out`;
  const hint = `at most ${FILE_DIAGNOSTICS} notes a file are kept`;
  return { severity: "note", code: "more-diagnostics", message, hint, file, count };
}
