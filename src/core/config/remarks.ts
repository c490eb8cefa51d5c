// Remarks on the input, with a bound on how many are kept: the others are counted, so that no file can fill the memory.
import { placeIn, type SourceLine, type TextRange } from "./lines.ts";
import type { Diagnostic } from "./types.ts";

type Severity = Diagnostic["severity"];

/** The most errors, and as many notes again, that are kept for the lines of one file. */
export const FILE_REMARKS = 100;

/** The most errors, and as many notes again, that are kept for the lines of all files. */
export const ALL_REMARKS = 10_000;

/** The most characters of lines, remarks of both severities together, that are kept for excerpts. */
export const EXCERPT_CHARACTERS = 8 * 1024 * 1024;

/** What a remark on a line says. */
export type RemarkText = Pick<Diagnostic, "code" | "message" | "hint">;

/** The remarks on one file. A line has at most one error. */
export interface FileRemarks {
  /** A remark on the file as a whole is always kept. */
  onFile(diagnostic: Diagnostic): void;
  /** `describe` is called only for a remark that is kept. */
  onLine(severity: Severity, line: SourceLine, span: TextRange, describe: () => RemarkText): void;
}

export interface RemarkStore {
  forFile(path: string): FileRemarks;
  /** All that was kept, and for each file and severity with more than that one remark 'more-remarks' with their number. */
  all(): Diagnostic[];
}

export function remarkStore(): RemarkStore {
  const kept: Diagnostic[] = [];
  const files = new Map<string, Record<Severity, Tally>>();
  const room: Record<Severity, number> = { error: ALL_REMARKS, note: ALL_REMARKS };
  let characters = EXCERPT_CHARACTERS;
  return {
    forFile(path) {
      const tallies = files.get(path) ?? { error: { kept: 0, left: 0 }, note: { kept: 0, left: 0 } };
      files.set(path, tallies);
      return {
        onFile: (diagnostic) => kept.push(diagnostic),
        onLine(severity, line, span, describe) {
          const tally = tallies[severity];
          if (tally.kept >= FILE_REMARKS || room[severity] === 0 || line.text.length > characters) {
            tally.left += 1;
            return;
          }
          tally.kept += 1;
          room[severity] -= 1;
          characters -= line.text.length;
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
      ? "1 more line of this file is rejected, without a remark of its own"
      : `${count} more lines of this file are rejected, without a remark of their own`;
  const hint = "correct the lines that have one, then check again";
  return { severity: "error", code: "more-remarks", message, hint, file, count };
}

function moreNotes(file: string, count: number): Diagnostic {
  const message =
    count === 1
      ? "1 more note on a line of this file is left out"
      : `${count} more notes on lines of this file are left out`;
  const hint = `at most ${FILE_REMARKS} notes a file are kept, and ${ALL_REMARKS} in all`;
  return { severity: "note", code: "more-remarks", message, hint, file, count };
}
