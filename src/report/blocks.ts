// The result of a verb as lines for a person: plain lines, and rows set in columns.
import { cellWidth, escapeText } from "./escape.ts";
import type { Paint } from "./style.ts";
import type { Block, Line, Span } from "./types.ts";

const GAP = "  ";

export function blockLines(block: Block, paint: Paint): string[] {
  switch (block.kind) {
    case "lines":
      return block.lines.map((line) => painted(line, paint));
    case "columns":
      return columnLines(block.heading, block.rows, paint).map((line) => " ".repeat(block.indent ?? 0) + line);
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
        return painted(cell, paint, escapeEdges) + " ".repeat(padding);
      })
      .join(GAP),
  );
}

type Edges = (text: string, isFirst: boolean, isLast: boolean) => string;

/** In a column nothing else shows a space at the beginning or the end of a name. */
const escapeEdges: Edges = (text, isFirst, isLast) => {
  const shown = isFirst ? text.replace(/^ +/, spaces) : text;
  return isLast ? shown.replace(/ +$/, spaces) : shown;
};

function spaces(found: string): string {
  return "\\x20".repeat(found.length);
}

function spansOf(line: Line): readonly Span[] {
  return typeof line === "string" || "tone" in line ? [line as Span] : line;
}

function widthOf(line: Line): number {
  return cellWidth(painted(line, (text) => text, escapeEdges));
}

function painted(line: Line, paint: Paint, edges: Edges = (text) => text): string {
  const spans = spansOf(line);
  return spans
    .map((span, at) => {
      const text = edges(escapeText(typeof span === "string" ? span : span.text), at === 0, at === spans.length - 1);
      return typeof span === "string" ? text : paint(text, span.tone);
    })
    .join("");
}
