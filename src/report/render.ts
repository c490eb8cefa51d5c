// A report as text for two streams, or as one JSON document.
import { blockLines } from "./blocks.ts";
import { diagnosticLines, messageLines } from "./diagnostics.ts";
import { painter } from "./style.ts";
import type { Block, Message, Report } from "./types.ts";

export interface TextChoice {
  readonly verbose: boolean;
  /** Colour on standard output, and on standard error. */
  readonly color: { readonly out: boolean; readonly err: boolean };
  /** Cells of the terminal that standard output is; undefined for everything else. */
  readonly width?: number | undefined;
}

export interface Rendered {
  readonly out: string;
  readonly err: string;
}

/** Diagnostics and messages go to standard error, the result to standard output. */
export function renderText(report: Report, choice: TextChoice): Rendered {
  const paint = painter(choice.color.err);
  const shown = report.diagnostics.filter(({ severity }) => choice.verbose || !(report.quiet ?? []).includes(severity));
  const err = [
    ...diagnosticLines(shown, choice.verbose, paint),
    ...(report.messages ?? []).flatMap((message) => messageLines(message, paint)),
  ];
  const out = report.text ?? report.body.map((block) => renderBlock(block, choice.color.out, choice.width)).join("");
  return { out, err: joined(err) };
}

export function renderBlock(block: Block, color: boolean, width?: number): string {
  return joined(blockLines(block, painter(color), width));
}

export function renderMessage(message: Message, color: boolean): string {
  return joined(messageLines(message, painter(color)));
}

/** One document on one line. `schemaVersion` grows when a field changes its meaning or goes, not when one is added. */
export function renderJson(report: Report, exitCode: number): string {
  const document = {
    schemaVersion: 1,
    command: report.command,
    outcome: report.outcome,
    exitCode,
    diagnostics: report.diagnostics,
    messages: report.messages ?? [],
    ...report.data,
  };
  return `${asciiControls(JSON.stringify(document))}\n`;
}

/** JSON.stringify leaves C1 controls, bidi controls, line separators and invisible characters as they are: a terminal must not see them. */
function asciiControls(json: string): string {
  return json.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`,
    ).join(""),
  );
}

function joined(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}
