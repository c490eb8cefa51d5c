// The text of a file of /etc/portreserve that no longer asks for some ports: the lines that did, and no other byte.
import { Buffer } from "node:buffer";
import type { ServiceBook } from "../config/services.ts";
import { type PortPlace, placeText, portLines } from "./port-lines.ts";
import { placesByLine, rawLines } from "./with-kind.ts";

/**
 * A line that asks for others too is replaced by lines for those. Comments of their own lines, blanks and lines that are
 * rejected stay. Undefined where nothing is left but what portreservectl itself has written: then the file can go.
 */
export function withoutLinesFor(
  bytes: Uint8Array,
  book: ServiceBook,
  unwanted: readonly PortPlace[],
): Uint8Array | undefined {
  const gone = new Set(unwanted.map(placeText));
  const understood = placesByLine(bytes, book);
  const raw = rawLines(bytes);
  let changed = false;
  const lines = raw.flatMap((text, at): string[] => {
    const line = understood[at];
    const others = line?.places.filter((place) => !gone.has(placeText(place)));
    if (line === undefined || others === undefined || others.length === line.places.length) return [text];
    changed = true;
    const end = text.endsWith("\r") ? "\r" : "";
    const left = portLines(others, line.asks).map((one) => `${one}${end}`);
    // The line end before the last line stays.
    return left.length === 0 && at === raw.length - 1 ? [""] : left;
  });
  if (!changed) return bytes;
  return lines.every((line) => line.trim() === "" || line.startsWith(WRITTEN_BY))
    ? undefined
    : Buffer.from(lines.join("\n"), "latin1");
}

/** The beginning of the first line of every file that a verb has made. */
const WRITTEN_BY = "# written by 'portreservectl ";
