// The result of a verb as lines for a person: plain lines, and rows set in columns, folded where a terminal is too narrow.
import { cellWidth } from "./escape.ts";
import { foldLine, shownSpan, spansOf, toneOf } from "./fold.ts";
import type { Paint } from "./style.ts";
import { shownText } from "./symbols.ts";
import type { Block, Line } from "./types.ts";

const GAP = "  ";
/** Cells that the last column needs to be folded beside the others; with less of them it goes below. */
const LEAST_ROOM = 24;
const BELOW = 4;

/** `width`: cells of the terminal; undefined where there is none, so that nothing is folded. */
export function blockLines(block: Block, paint: Paint, width?: number): string[] {
  switch (block.kind) {
    case "lines": {
      const { lines, hang } = block;
      if (width === undefined || hang === undefined) return lines.map((line) => painted(line, paint));
      return lines.flatMap((line) => foldLine(line, width, hang, paint));
    }
    case "columns": {
      const lead = " ".repeat(block.indent ?? 0);
      const room = width === undefined ? undefined : width - lead.length;
      return columnLines(block.heading, block.rows, paint, room).map((line) => lead + line);
    }
    case "forms":
      return (width === undefined ? block.piped : block.screen).flatMap((one) => blockLines(one, paint, width));
    default:
      return block satisfies never;
  }
}

function columnLines(
  heading: readonly string[] | undefined,
  rows: readonly (readonly Line[])[],
  paint: Paint,
  room: number | undefined,
): string[] {
  const head: Line[] | undefined = heading?.map((text) => ({ text, tone: "strong" as const }));
  const all = head === undefined ? rows : [head, ...rows];
  const widths = widthsOf(all, room !== undefined);
  return all.flatMap((row) => {
    if (room !== undefined) return foldedRow(row, widths, room, paint);
    return [rowStart(row.slice(0, -1), widths, paint) + lastCell(row, paint)];
  });
}

/** `inner`: without the last cell of each row, which may be folded. */
function widthsOf(rows: readonly (readonly Line[])[], inner: boolean): readonly number[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of (inner ? row.slice(0, -1) : row).entries()) {
      widths[column] = Math.max(widths[column] ?? 0, widthOf(cell));
    }
  }
  return widths;
}

/** Cells of so many columns, with the gap behind each. */
function startWidth(count: number, widths: readonly number[]): number {
  return widths.slice(0, count).reduce((sum, width) => sum + width + GAP.length, 0);
}

function rowStart(cells: readonly Line[], widths: readonly number[], paint: Paint): string {
  return cells
    .map((cell, column) => painted(cell, paint, escapeEdges) + " ".repeat((widths[column] ?? 0) - widthOf(cell)) + GAP)
    .join("");
}

function lastCell(row: readonly Line[], paint: Paint): string {
  return painted(row.at(-1) ?? "", paint, escapeEdges);
}

function foldedRow(row: readonly Line[], widths: readonly number[], room: number, paint: Paint): readonly string[] {
  const before = startWidth(row.length - 1, widths);
  const start = rowStart(row.slice(0, -1), widths, paint);
  const last = row.at(-1) ?? "";
  if (before + widthOf(last) <= room) return [start + lastCell(row, paint)];
  if (row.length > 1 && room - before < LEAST_ROOM) {
    const below = foldLine(last, Math.max(LEAST_ROOM, room - BELOW), GAP.length, paint);
    return [start.trimEnd(), ...below.map((line) => " ".repeat(BELOW) + line)];
  }
  const [first = "", ...rest] = foldLine(
    last,
    Math.max(LEAST_ROOM, room - before),
    row.length === 1 ? BELOW : 0,
    paint,
  );
  return [start + first, ...rest.map((line) => " ".repeat(before) + line)];
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

function widthOf(line: Line): number {
  return cellWidth(painted(line, (text) => text, escapeEdges));
}

function painted(line: Line, paint: Paint, edges: Edges = (text) => text): string {
  const spans = spansOf(line).filter((span) => span !== "");
  return spans
    .map((span, at) => {
      const text = edges(shownText(shownSpan(span, at === 0)), at === 0, at === spans.length - 1);
      const tone = toneOf(span);
      return tone === undefined ? text : paint(text, tone);
    })
    .join("");
}
