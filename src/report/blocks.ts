// The result of a verb as lines for a person: plain lines, and rows set in columns.
import { cellWidth, escapeText } from "./escape.ts";
import type { Paint } from "./style.ts";
import type { Block, Line, Span } from "./types.ts";

const GAP = "  ";

export function blockLines(block: Block, paint: Paint): string[] {
  switch (block.kind) {
    case "lines":
      return block.lines.map((line) => painted(line, paint, escapeText));
    case "columns":
      return columnLines(block.heading, block.rows, paint);
    default:
      return block satisfies never;
  }
}

function columnLines(
  heading: readonly string[] | undefined,
  rows: readonly (readonly Line[])[],
  paint: Paint,
): string[] {
  const head: Line[] | undefined = heading?.map((text) => ({ text, tone: "strong" as const }));
  const all = head === undefined ? rows : [head, ...rows];
  const widths: number[] = [];
  for (const row of all) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, widthOf(cell));
  }
  return all.map((row) =>
    row
      .map((cell, column) => {
        const padding = column === row.length - 1 ? 0 : (widths[column] ?? 0) - widthOf(cell);
        return painted(cell, paint, escapeCell) + " ".repeat(padding);
      })
      .join(GAP),
  );
}

/** In a column nothing else shows a space at the beginning or the end of a name. */
function escapeCell(text: string): string {
  return escapeText(text).replace(/^ +| +$/g, (spaces) => "\\x20".repeat(spaces.length));
}

function spansOf(line: Line): readonly Span[] {
  return typeof line === "string" || "tone" in line ? [line as Span] : line;
}

function widthOf(line: Line): number {
  return spansOf(line).reduce(
    (sum, span) => sum + cellWidth(escapeCell(typeof span === "string" ? span : span.text)),
    0,
  );
}

function painted(line: Line, paint: Paint, show: (text: string) => string): string {
  return spansOf(line)
    .map((span) => (typeof span === "string" ? show(span) : paint(show(span.text), span.tone)))
    .join("");
}
