// Diagnostics and messages as lines for standard error.
import type { Diagnostic } from "../core/config/types.ts";
import { counted } from "../core/text.ts";
import { excerpt } from "./excerpt.ts";
import type { Paint } from "./style.ts";
import { shownText } from "./symbols.ts";
import type { Message, Tone } from "./types.ts";

/** The name in front of every message. */
export const PROGRAM = "portreservectl";

/** How many diagnostics are shown without --verbose. */
const SHOWN_DIAGNOSTICS = 20;

const TONES: Readonly<Record<Message["severity"], Tone>> = { error: "bad", warning: "warn", note: "strong" };

export function messageLines(message: Message, paint: Paint): string[] {
  return [headLine(message.severity, shownText(message.message), paint), ...hintLines(message.hint, paint)];
}

/** Where there are too many, errors go before notes, and the last lines say how many are not shown. */
export function diagnosticLines(diagnostics: readonly Diagnostic[], all: boolean, paint: Paint): string[] {
  const fits = all || diagnostics.length <= SHOWN_DIAGNOSTICS;
  const shown = fits ? diagnostics : errorsFirst(diagnostics).slice(0, SHOWN_DIAGNOSTICS);
  const lines = shown.flatMap((diagnostic) => oneDiagnostic(diagnostic, paint));
  return fits ? lines : [...lines, ...messageLines(remainder(diagnostics, shown), paint)];
}

function errorsFirst(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  return [...errors, ...diagnostics.filter(({ severity }) => severity !== "error")];
}

function remainder(all: readonly Diagnostic[], shown: readonly Diagnostic[]): Message {
  const left = (severity: Diagnostic["severity"]): number =>
    diagnosticCount(all, severity) - diagnosticCount(shown, severity);
  return {
    severity: "note",
    message: `not shown: ${counted(left("error"), "error")}, ${counted(left("note"), "note")}`,
    hint: "--verbose shows them all",
  };
}

/** How many diagnostics of a severity there are: one may stand for several lines. */
export function diagnosticCount(diagnostics: readonly Diagnostic[], severity: Diagnostic["severity"]): number {
  return diagnostics.reduce((sum, one) => sum + (one.severity === severity ? (one.count ?? 1) : 0), 0);
}

/** What these errors have cost. */
export function rejectedCount(errors: number): string {
  return counted(errors, "rejected line or file", "rejected lines or files");
}

function oneDiagnostic(diagnostic: Diagnostic, paint: Paint): string[] {
  const { place, file } = diagnostic;
  const where = place === undefined ? file : place.file;
  const position = place === undefined ? "" : `:${place.line}:${place.column}`;
  const prefix = where === undefined ? "" : `${shownText(where)}${position}: `;
  return [
    headLine(diagnostic.severity, `${prefix}${shownText(diagnostic.message)}`, paint),
    ...(place === undefined ? [] : excerptLines(diagnostic, excerpt(place), paint)),
    ...hintLines(diagnostic.hint, paint),
  ];
}

function excerptLines(
  diagnostic: Diagnostic,
  { text, marks }: { text: string; marks: string },
  paint: Paint,
): string[] {
  const indent = marks.length - marks.trimStart().length;
  const arrows = paint(marks.slice(indent), TONES[diagnostic.severity]);
  return [`    ${text}`, `    ${" ".repeat(indent)}${arrows}`];
}

function headLine(severity: Message["severity"], text: string, paint: Paint): string {
  return `${PROGRAM}: ${paint(`${severity}:`, TONES[severity])} ${text}`;
}

function hintLines(hint: string | undefined, paint: Paint): string[] {
  return hint === undefined ? [] : [`${paint("hint:", "dim")} ${shownText(hint)}`];
}
