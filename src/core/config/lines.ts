// From bytes to lines of text, with the exact place of every byte that is not UTF-8.
import { Buffer, isUtf8 } from "node:buffer";
import type { Place } from "./types.ts";

/** A part of a line, as UTF-16 offsets into its text; `end` is exclusive and after `start`. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
}

/** The first bytes of a line that are not UTF-8. */
export interface InvalidBytes extends TextRange {
  /** The first 8 of them at most, as '0xe9 0xfe'. */
  readonly shown: string;
}

/** One line without its line feed and without one carriage return before it. */
export interface SourceLine {
  /** Counts from 1. */
  readonly number: number;
  /** Bytes that are not UTF-8 appear as U+FFFD. */
  readonly text: string;
  readonly invalid?: InvalidBytes;
}

const LINE_FEED = 0x0a;
const BYTE_ORDER_MARK = "\ufeff";
const SHOWN_BYTES = 8;

/** All lines of a file, what follows the last line feed included. */
export function splitLines(bytes: Uint8Array): SourceLine[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return isUtf8(buffer) ? buffer.toString("utf8").split("\n").map(lineOf) : mixedLines(buffer);
}

/** The same lines without a byte order mark at the start. */
export function withoutByteOrderMark(lines: readonly SourceLine[]): readonly SourceLine[] {
  const [first, ...others] = lines;
  if (first === undefined || !first.text.startsWith(BYTE_ORDER_MARK)) return lines;
  const { number, text, invalid } = first;
  const line: SourceLine = { number, text: text.slice(1) };
  if (invalid === undefined) return [line, ...others];
  return [{ ...line, invalid: { ...invalid, start: invalid.start - 1, end: invalid.end - 1 } }, ...others];
}

function lineOf(raw: string, index: number): SourceLine {
  return { number: index + 1, text: raw.endsWith("\r") ? raw.slice(0, -1) : raw };
}

function mixedLines(buffer: Buffer): SourceLine[] {
  const lines: SourceLine[] = [];
  for (let start = 0; start <= buffer.length; ) {
    const feed = buffer.indexOf(LINE_FEED, start);
    const end = feed === -1 ? buffer.length : feed;
    const raw = buffer.subarray(start, end);
    const line = lineOf(raw.toString("utf8"), lines.length);
    lines.push(isUtf8(raw) ? line : { ...line, invalid: findInvalid(raw) });
    start = end + 1;
  }
  return lines;
}

function findInvalid(raw: Buffer): InvalidBytes {
  const encoded = Buffer.from(raw.toString("utf8"), "utf8");
  let at = 0;
  while (raw[at] === encoded[at]) at += 1;
  // A cut-off sequence can share its first bytes with the replacement character, so the difference may come late.
  while (!isUtf8(raw.subarray(0, at))) at -= 1;
  let last = at + 1;
  while (last < raw.length && last - at < SHOWN_BYTES && (raw[last] as number) >= 0x80) last += 1;
  const start = raw.toString("utf8", 0, at).length;
  const length = raw.toString("utf8", at, last).length;
  const shown = [...raw.subarray(at, last)].map((byte) => `0x${byte.toString(16).padStart(2, "0")}`).join(" ");
  return { start, end: start + length, shown };
}

/** The place of a part of a line, with columns in characters (code points). */
export function placeIn(file: string, line: SourceLine, span: TextRange): Place {
  const before = countCharacters(line.text.slice(0, span.start));
  const length = countCharacters(line.text.slice(span.start, span.end));
  return { file, line: line.number, column: before + 1, length: Math.max(1, length), text: line.text };
}

function countCharacters(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** The part of a text without what `isEdge` takes from its ends; the regular expression for it would be quadratic. */
export function trimmed(text: string, isEdge: (code: number) => boolean): TextRange {
  let start = 0;
  let end = text.length;
  while (start < end && isEdge(text.charCodeAt(start))) start += 1;
  while (end > start && isEdge(text.charCodeAt(end - 1))) end -= 1;
  return { start, end };
}
