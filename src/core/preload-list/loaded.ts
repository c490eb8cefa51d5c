// Which names ld.so takes from the preload list, byte for byte as glibc reads it: dl_main() in elf/rtld.c, 2.31 to 2.41.
import { Buffer } from "node:buffer";

export interface LoadedName {
  /** Latin-1. */
  readonly name: string;
  /** How many bytes of the list are before it. */
  readonly at: number;
}

export interface ReadList {
  /** In the order in which ld.so loads them; a name that is there twice is here twice. */
  readonly names: readonly LoadedName[];
  /** Where the line behind the last comment starts that ld.so overwrites up to its newline. */
  readonly behindComments: number | undefined;
}

const HASH = 0x23;
const NEWLINE = 0x0a;
const SPACE = 0x20;

/** The names in the order in which ld.so loads them; latin-1. */
export function loadedNames(bytes: Uint8Array): readonly string[] {
  return readList(listText(bytes)).names.map(({ name }) => name);
}

/** Latin-1: one character a byte, there and back for any bytes. */
export function listText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

export function listBytes(list: string): Uint8Array {
  return Buffer.from(list, "latin1");
}

export function sameNames(a: readonly LoadedName[], b: readonly LoadedName[]): boolean {
  return a.length === b.length && a.every(({ name }, index) => name === b[index]?.name);
}

/**
 * ld.so works in place. A last byte that is a separator becomes a NUL. Otherwise there is no room for a NUL behind the
 * last name: the separator before it becomes one, and that name is loaded after all others. These are read up to the
 * first NUL of the file, wherever it came from; the last name too ends at a NUL, and is none if it starts with one.
 */
export function readList(list: string): ReadList {
  const { text, behindComments } = withoutComments(list);
  const lastAt = 1 + Math.max(...[" ", "\t", "\n", ":"].map((separator) => text.lastIndexOf(separator)));
  const others = untilNul(text.slice(0, Math.max(0, lastAt - 1)));
  const names = [...others.matchAll(/[^ \t\n:]+/g)].map((match) => ({ name: match[0], at: match.index }));
  const last = untilNul(text.slice(lastAt));
  if (last !== "") names.push({ name: last, at: lastAt });
  return { names, behindComments };
}

/**
 * ld.so overwrites a comment with spaces, and then looks for the next one from the start of the file again, but only
 * through as many bytes as are left behind this one. So comments further on stay and are read as names, and the last
 * comment that is found may lose its beginning only.
 */
function withoutComments(list: string): { readonly text: string; readonly behindComments: number | undefined } {
  const file = Buffer.from(list, "latin1");
  let rest = file.length;
  let behindComments: number | undefined;
  // All before `from` has no '#' any more, so searching from there finds what a search from the start would.
  for (let from = 0; rest > 0; ) {
    const at = file.indexOf(HASH, from);
    if (at < 0 || at >= rest) break;
    rest -= at;
    const newline = file.indexOf(NEWLINE, at);
    from = at + Math.min(rest, (newline < 0 ? file.length : newline) - at);
    file.fill(SPACE, at, from);
    rest -= from - at;
    if (from === newline) behindComments = newline + 1;
  }
  return { text: file.toString("latin1"), behindComments };
}

function untilNul(text: string): string {
  const nul = text.indexOf("\0");
  return nul < 0 ? text : text.slice(0, nul);
}
