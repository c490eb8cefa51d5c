// One line for a person as the lines that fit into so many cells: broken at spaces, with a cure below what it is for.
import { cellWidth } from "./escape.ts";
import type { Paint } from "./style.ts";
import { inLocale, shownText } from "./symbols.ts";
import type { Line, Span, Tone } from "./types.ts";

/** Escaped text in one tone. */
interface Piece {
  readonly text: string;
  readonly tone: Tone | undefined;
}

/** What is never broken. */
type Word = readonly Piece[];

const ARROW = "→ ";

export function spansOf(line: Line): readonly Span[] {
  return Array.isArray(line) ? line : [line as Span];
}

/** The text of a span as it stands within its line, or at its beginning. */
export function shownSpan(span: Span, isFirst: boolean): string {
  if (typeof span === "string") return span;
  return "cure" in span ? `${isFirst ? "" : " "}${ARROW}${span.cure}` : span.text;
}

export function toneOf(span: Span): Tone | undefined {
  return typeof span === "string" || "cure" in span ? undefined : span.tone;
}

/** `room`: cells, at least 1. A word that is longer has a line of its own, which then is too long. */
export function foldLine(line: Line, room: number, hang: number, paint: Paint): readonly string[] {
  const spans = spansOf(line);
  const pieces = spans.map((span, at) => pieceOf(span, at === 0));
  if (pieces.reduce((sum, { text }) => sum + cellWidth(text), 0) <= room) return [paintAll(pieces, paint)];
  const text = spans.filter((span) => !isCure(span));
  const cures = spans.filter(isCure);
  return [
    ...(text.length === 0 ? [] : filled(wordsOf(text), room, hang, paint)),
    ...cures.flatMap(({ cure }) => cureLines(cure, room - hang, paint).map((one) => " ".repeat(hang) + one)),
  ];
}

/** "→ CURE". A command is broken behind '&&' alone: what is pasted stays one command. */
function cureLines(cure: string, room: number, paint: Paint): readonly string[] {
  const texts = isCommand(cure) ? cure.split(/(?<= &&) /) : cure.split(" ");
  const [first = "", ...rest] = texts.map(shownText);
  const arrow = inLocale(ARROW);
  return filled([arrow + first, ...rest].map(plain), room, arrow.length, paint);
}

const COMMAND = /^(sudo )?(portreservectl|npx|systemctl|chmod|sed|reboot|ss|kill|rm)( |$)/;

function isCommand(cure: string): boolean {
  return COMMAND.test(cure);
}

function isCure(span: Span): span is Extract<Span, { readonly cure: string }> {
  return typeof span !== "string" && "cure" in span;
}

function pieceOf(span: Span, isFirst: boolean): Piece {
  return { text: shownText(shownSpan(span, isFirst)), tone: toneOf(span) };
}

function plain(text: string): Word {
  return [{ text, tone: undefined }];
}

function wordsOf(spans: readonly Span[]): readonly Word[] {
  const words: Piece[][] = [[]];
  for (const span of spans) {
    const { text, tone } = pieceOf(span, false);
    const whole = typeof span !== "string" && "whole" in span;
    for (const [at, part] of (whole ? [text] : text.split(" ")).entries()) {
      if (at > 0) words.push([]);
      if (part !== "") words.at(-1)?.push({ text: part, tone });
    }
  }
  return words;
}

function filled(words: readonly Word[], room: number, hang: number, paint: Paint): readonly string[] {
  const lines: { pieces: Piece[]; width: number }[] = [];
  for (const word of words) {
    const width = word.reduce((sum, { text }) => sum + cellWidth(text), 0);
    const last = lines.at(-1);
    if (last !== undefined && last.width + 1 + width <= room) {
      last.pieces.push({ text: " ", tone: word[0]?.tone }, ...word);
      last.width += 1 + width;
    } else if (last === undefined) lines.push({ pieces: [...word], width });
    else lines.push({ pieces: [{ text: " ".repeat(hang), tone: undefined }, ...word], width: hang + width });
  }
  return lines.map(({ pieces }) => paintAll(pieces, paint));
}

/** Neighbours of one tone are painted together. */
function paintAll(pieces: readonly Piece[], paint: Paint): string {
  const runs: { text: string; tone: Tone | undefined }[] = [];
  for (const { text, tone } of pieces) {
    const last = runs.at(-1);
    if (last !== undefined && last.tone === tone) last.text += text;
    else runs.push({ text, tone });
  }
  return runs.map(({ text, tone }) => (tone === undefined ? text : paint(text, tone))).join("");
}
