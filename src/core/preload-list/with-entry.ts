// Puts one entry into the preload list, so that ld.so loads it once and everything else as before.
import { listBytes, listText, readList, sameNames } from "./loaded.ts";
import { keepFirst } from "./without-entry.ts";

/** `no place`: wherever the entry stood, another name would get lost or a comment be read as names. It takes a NUL in the list. */
export type Placement = { readonly outcome: "placed"; readonly bytes: Uint8Array } | { readonly outcome: "no place" };

/**
 * The list with the entry; `undefined` stands for no file. A list that already loads the entry once is given back as it
 * is; of several, the first stays. `withoutEntry` undoes it to the byte: there is no other memory of what was there.
 */
export function withEntry(bytes: Uint8Array | undefined, entry: string): Placement {
  if (bytes === undefined) return { outcome: "placed", bytes: listBytes(`${entry}\n`) };
  const list = listText(bytes);
  const count = readList(list).names.filter(({ name }) => name === entry).length;
  if (count === 1) return { outcome: "placed", bytes };
  if (count > 1) return { outcome: "placed", bytes: listBytes(keepFirst(1, list, entry)) };
  const exact = candidates(list, entry).find((candidate) => isExact(candidate, list, entry));
  return exact === undefined ? { outcome: "no place" } : { outcome: "placed", bytes: listBytes(exact) };
}

/**
 * A line at the end makes ld.so look further for comments, and a line at the start less far; a line behind the comments
 * that it finds now changes nothing. So without a NUL one of the three is exact: behind the last such comment, or, if
 * there is none that ends with a newline, at the end.
 */
function candidates(list: string, entry: string): readonly string[] {
  const { behindComments } = readList(list);
  const starts = behindComments === undefined ? [0] : [0, behindComments];
  return [atEnd(list, entry), ...starts.map((at) => `${list.slice(0, at)}${entry}\n${list.slice(at)}`)];
}

/** A space behind the entry tells that the list did not end with a newline; ours must, or the next `echo >>` would spoil it. */
function atEnd(list: string, entry: string): string {
  if (list === "") return `${entry} \n`;
  return list.endsWith("\n") ? `${list}${entry}\n` : `${list}\n${entry} \n`;
}

/** Behind a NUL, what was put in may wake another mention of the entry instead of being read: then taking out takes that. */
function isExact(candidate: string, list: string, entry: string): boolean {
  const { names } = readList(candidate);
  const others = names.filter(({ name }) => name !== entry);
  if (names.length !== others.length + 1 || !sameNames(others, readList(list).names)) return false;
  return keepFirst(0, candidate, entry) === list;
}
