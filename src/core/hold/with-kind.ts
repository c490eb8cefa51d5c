// The text of a file of /etc/portreserve in which some ports have another word: the lines that ask for them, and no other byte.
import { Buffer } from "node:buffer";
import type { Claim } from "../config/claims.ts";
import { type SourceLine, splitLines, withoutByteOrderMark } from "../config/lines.ts";
import { askedBy } from "../config/owner-file.ts";
import type { ServiceBook } from "../config/services.ts";
import type { ReservationKind } from "../config/types.ts";
import { type PortPlace, placeText, portLines } from "./port-lines.ts";

/**
 * `bytes` where each of `wanted` that a line asks for has the word of `kind`. A line that asks for others too stays as it
 * is, or loses its word, and lines of its own follow it. Blanks, comments and line ends are kept; lines that are rejected
 * are as if they were not there. The same bytes where it is so already.
 */
export function withKind(
  bytes: Uint8Array,
  book: ServiceBook,
  wanted: readonly PortPlace[],
  kind: ReservationKind,
): Uint8Array {
  const understood = placesByLine(bytes, book);
  const want = new Set(wanted.map(placeText));
  const done = new Set(understood.flatMap((line) => (line?.asks === kind ? line.places.map(placeText) : [])));
  const raw = rawLines(bytes);
  const lines = raw.map((text, at): string => {
    const line = understood[at];
    if (line === undefined || line.asks === kind) return text;
    const mine = line.places.filter((place) => want.has(placeText(place)));
    const fresh = mine.filter((place) => !done.has(placeText(place)));
    // What only reserves is outdone by the word of another line.
    if (mine.length === 0 || (line.asks === "reserve" && fresh.length === 0)) return text;
    for (const place of fresh) done.add(placeText(place));
    if (mine.length === line.places.length) return withWord(text, kind);
    const others = line.places.filter((place) => !want.has(placeText(place)));
    const more = [
      ...(line.asks === "reserve" ? [] : portLines(others, line.asks)),
      ...(kind === "reserve" ? [] : portLines(fresh, kind)),
    ];
    return followedBy(line.asks === "reserve" ? text : withWord(text, "reserve"), more);
  });
  const all = lines.join("\n");
  return lines.every((text, at) => text === raw[at]) ? bytes : Buffer.from(all, "latin1");
}

/** `bytes` with a line for each of `missing` behind it; `head` is the first line of a new file. */
export function withMore(
  bytes: Uint8Array | undefined,
  missing: readonly PortPlace[],
  kind: ReservationKind,
  head: string,
): Uint8Array {
  const old = Buffer.from(bytes ?? Buffer.from(`${head}\n`));
  const gap = old.length > 0 && old.at(-1) !== LINE_FEED ? "\n" : "";
  const lines = portLines(missing, kind).map((line) => `${line}\n`);
  return Buffer.concat([old, Buffer.from(`${gap}${lines.join("")}`)]);
}

const LINE_FEED = 0x0a;

/** What one line asks for. */
export interface ClaimedLine {
  readonly asks: ReservationKind;
  readonly places: readonly PortPlace[];
}

/** As many as `rawLines` gives; undefined for a line that asks for nothing, or is rejected. */
export function placesByLine(bytes: Uint8Array, book: ServiceBook): readonly (ClaimedLine | undefined)[] {
  const isService = (name: string): boolean => book.find(name) !== undefined;
  return withoutByteOrderMark(splitLines(bytes)).map((line) => asked(line, book, isService));
}

function asked(line: SourceLine, book: ServiceBook, isService: (name: string) => boolean): ClaimedLine | undefined {
  const found = askedBy(line, book, isService, () => undefined);
  return found === undefined ? undefined : { asks: found.entry.asks, places: found.claims.flatMap(placesOf) };
}

function placesOf({ first, last, protocol }: Claim): PortPlace[] {
  return Array.from({ length: last - first + 1 }, (_, at) => ({ port: first + at, protocol }));
}

/** One character for each byte, so that what is no UTF-8 is kept too. As many as `splitLines` gives. */
export function rawLines(bytes: Uint8Array): string[] {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1").split("\n");
}

/** A byte order mark, blanks, what is asked for, and the word behind it if there is one. */
const ENTRY = /^((?:\xef\xbb\xbf)?[ \t]*[^ \t#\r]+)(?:[ \t]+[^ \t#\r]+)?/;

function withWord(line: string, kind: ReservationKind): string {
  return line.replace(ENTRY, (_, entry: string) => (kind === "reserve" ? entry : `${entry} ${kind}`));
}

function followedBy(line: string, more: readonly string[]): string {
  const end = line.endsWith("\r") ? "\r" : "";
  return [line, ...more.map((text) => `${text}${end}`)].join("\n");
}
