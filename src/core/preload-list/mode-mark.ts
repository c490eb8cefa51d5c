// Remembers in the preload list which bits of its mode install has added, so that uninstall gives the old mode back: colons before the entry, which ld.so takes for separators.
import { listBytes, listText, readList } from "./loaded.ts";

/** The three that let everybody read a file. */
export const READABLE = 0o444;

/** One colon may be somebody's own; two to eight are ours. */
const LEAST = 2;
const MOST = 8;

/** `added`: those of READABLE that it gets. The list as it is where it has a mark, or can have none. */
export function withModeMark(bytes: Uint8Array, entry: string, added: number): Uint8Array {
  const list = listText(bytes);
  const at = placeOf(list, entry);
  const count = LEAST - 1 + ((added >> 6) & 4) + ((added >> 4) & 2) + ((added >> 2) & 1);
  if (at === undefined || count < LEAST || list[at - 1] === ":") return bytes;
  const marked = `${list.slice(0, at)}${":".repeat(count)}${list.slice(at)}`;
  return loadsTheSame(marked, list) ? listBytes(marked) : bytes;
}

/** The list without the mark, and the bits that it tells of; 0 for a list without one. */
export function takeModeMark(bytes: Uint8Array, entry: string): { readonly bytes: Uint8Array; readonly added: number } {
  const list = listText(bytes);
  const at = placeOf(list, entry) ?? 0;
  const before = list.slice(0, at);
  const count = before.length - before.replace(/:+$/, "").length;
  const unmarked = list.slice(0, at - count) + list.slice(at);
  if (count < LEAST || count > MOST || !loadsTheSame(unmarked, list)) return { bytes, added: 0 };
  const bits = count - LEAST + 1;
  return { bytes: listBytes(unmarked), added: ((bits & 4) << 6) | ((bits & 2) << 4) | ((bits & 1) << 2) };
}

function placeOf(list: string, entry: string): number | undefined {
  return readList(list).names.find(({ name }) => name === entry)?.at;
}

function loadsTheSame(one: string, other: string): boolean {
  const names = (list: string): readonly string[] => readList(list).names.map(({ name }) => name);
  return names(one).join("\n") === names(other).join("\n");
}
