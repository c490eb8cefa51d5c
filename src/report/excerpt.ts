// The line a diagnostic is about, and under it a caret that points at the very characters.
import type { Place } from "../core/config/types.ts";
import { cellWidth, escapeText } from "./escape.ts";
import { inLocale } from "./symbols.ts";

export interface Excerpt {
  readonly text: string;
  /** Spaces, then '^' under every character of the place. */
  readonly marks: string;
}

/** Cells of a line that are shown; of a longer one, the part around the place. */
const WINDOW = 100;
/** Cells kept on the left of the place when the line is cut. */
const LEAD = 30;
const CUT = "…";

/** Tabs are shown as spaces up to the next multiple of 8; all else unprintable is escaped. */
export function excerpt(place: Place): Excerpt {
  const cells = layOut(place.text);
  const first = place.column - 1;
  const before = widthOf(cells.slice(0, first));
  const marked = Math.max(1, widthOf(cells.slice(first, first + place.length)));
  const total = widthOf(cells);
  if (Math.max(total, before + marked) <= WINDOW) return mark(cells.join(""), before, marked);

  const from = before <= LEAD ? 0 : lastIndexWithin(cells, before - LEAD);
  const cutLeft = from > 0 ? inLocale(CUT) : "";
  const start = widthOf(cells.slice(0, from)) - cellWidth(cutLeft);
  const to = Math.max(from, lastIndexWithin(cells, start + WINDOW - 1));
  const cutRight = to < cells.length ? inLocale(CUT) : "";
  const text = `${cutLeft}${cells.slice(from, to).join("")}${cutRight}`;
  const indent = before - start;
  return mark(text, indent, Math.max(1, Math.min(marked, WINDOW - indent)));
}

/** One string for each character of the line, as it is shown. */
function layOut(line: string): string[] {
  const cells: string[] = [];
  let width = 0;
  for (const character of line) {
    const shown = character === "\t" ? " ".repeat(8 - (width % 8)) : escapeText(character);
    cells.push(shown);
    width += cellWidth(shown);
  }
  return cells;
}

function widthOf(cells: readonly string[]): number {
  return cells.reduce((sum, cell) => sum + cellWidth(cell), 0);
}

/** How many leading cells fit into `width`. */
function lastIndexWithin(cells: readonly string[], width: number): number {
  let used = 0;
  for (const [index, cell] of cells.entries()) {
    used += cellWidth(cell);
    if (used > width) return index;
  }
  return cells.length;
}

function mark(text: string, indent: number, length: number): Excerpt {
  return { text: text.trimEnd(), marks: `${" ".repeat(indent)}${"^".repeat(length)}` };
}
