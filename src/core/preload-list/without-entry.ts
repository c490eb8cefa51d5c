// Takes one entry out of the preload list, wherever it stands by now, and leaves every other name as ld.so loads it.
import { type LoadedName, listBytes, listText, readList, sameNames } from "./loaded.ts";

/**
 * The list without any occurrence that ld.so would load; `undefined` stands for no file. What `withEntry` added goes to
 * the byte, and the file too if there was none.
 */
export function withoutEntry(bytes: Uint8Array | undefined, entry: string): Uint8Array | undefined {
  if (bytes === undefined) return undefined;
  const list = keepFirst(1, listText(bytes), entry);
  if (list === `${entry}\n`) return undefined;
  const without = keepFirst(0, list, entry);
  return without === listText(bytes) ? bytes : listBytes(without);
}

/** Removes all occurrences that ld.so would load but the first few. */
export function keepFirst(count: number, list: string, entry: string): string {
  let text = list;
  for (;;) {
    const ours = readList(text).names.filter(({ name }) => name === entry);
    const last = ours.at(-1);
    if (last === undefined || ours.length <= count) return text;
    text = withoutName(text, last);
  }
}

/** The list without this name, with all others loaded as before. Spaces in its place are always exact: they move nothing. */
function withoutName(list: string, gone: LoadedName): string {
  const wanted = readList(list).names.filter(({ at }) => at !== gone.at);
  const exact = cuts(list, gone)
    .map(([from, to]) => list.slice(0, from) + list.slice(to))
    .find((text) => sameNames(readList(text).names, wanted));
  const { at, name } = gone;
  return exact ?? list.slice(0, at) + " ".repeat(name.length) + list.slice(at + name.length);
}

/** What to cut out, as offsets, best first: the line if it holds nothing else, else the name and one separator. */
function cuts(list: string, { name, at }: LoadedName): readonly (readonly [from: number, to: number])[] {
  const end = at + name.length;
  const newline = list.indexOf("\n", end);
  const lineStart = list.lastIndexOf("\n", at) + 1;
  const lineEnd = newline < 0 ? list.length : newline + 1;
  const before = list.slice(lineStart, at);
  const after = list.slice(end, lineEnd);
  const line = /^[ \t:]*$/.test(before) && /^[ \t:]*\n?$/.test(after) ? [[lineStart, lineEnd] as const] : [];
  // How `withEntry` marks a list that did not end with a newline.
  const unended = before === "" && after === " \n" && lineEnd === list.length;
  const ending = unended ? [[Math.max(0, lineStart - 1), lineEnd] as const] : [];
  const withSeparator = [[at - 1, end] as const, [at, end + 1] as const].filter(
    ([from, to]) => from >= 0 && to <= list.length,
  );
  return [...ending, ...line, ...(before === "" ? withSeparator.reverse() : withSeparator)];
}
