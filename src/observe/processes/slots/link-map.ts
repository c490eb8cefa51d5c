// The loader's own list of what it has loaded, in the order in which it looks for functions: struct r_debug and struct link_map of <link.h>.
import type { HeadersPlace } from "../auxv.ts";

/** The number at an address; undefined where nothing is mapped. */
export type WordAt = (address: bigint) => bigint | undefined;

const PT_DYNAMIC = 2;
const PT_PHDR = 6;
const DT_NULL = 0n;
const DT_DEBUG = 21n;

/** Real programs have some hundred; memory can be made that goes in a circle. */
const MOST_OBJECTS = 4096;
const MOST_TAGS = 1024;

/**
 * The address of each object's dynamic section, the program's first. Undefined where the memory does not say, as in a
 * program that was given to its loader as an argument.
 */
export function loadedInOrder(headers: HeadersPlace, at: WordAt): readonly bigint[] | undefined {
  const dynamic = dynamicSection(headers, at);
  const debug = dynamic === undefined ? undefined : debugOf(dynamic, headers.word, at);
  if (debug === undefined || debug === 0n) return undefined;
  const word = BigInt(headers.word);
  const found: bigint[] = [];
  // r_debug: a number that fills a word, then the first link_map; that: base, name, dynamic section, next.
  for (let map = at(debug + word); map !== 0n; ) {
    if (map === undefined || found.length >= MOST_OBJECTS) return undefined;
    const section = at(map + 2n * word);
    if (section === undefined) return undefined;
    found.push(section);
    map = at(map + 3n * word);
  }
  return found.length === 0 ? undefined : found;
}

function dynamicSection({ address, entry, count, word }: HeadersPlace, at: WordAt): bigint | undefined {
  let base = 0n;
  let dynamic: bigint | undefined;
  for (let index = 0; index < Math.min(count, MOST_TAGS); index += 1) {
    const header = address + BigInt(index * entry);
    const first = at(header);
    const place = at(header + (word === 8 ? 16n : 8n));
    if (first === undefined || place === undefined) return undefined;
    // The type has four bytes, whatever a word has.
    const type = Number(first & 0xffffffffn);
    if (type === PT_PHDR) base = address - place;
    if (type === PT_DYNAMIC) dynamic = place;
  }
  return dynamic === undefined ? undefined : base + dynamic;
}

function debugOf(dynamic: bigint, word: 4 | 8, at: WordAt): bigint | undefined {
  for (let index = 0; index < MOST_TAGS; index += 1) {
    const entry = dynamic + BigInt(index * 2 * word);
    const tag = at(entry);
    if (tag === undefined || tag === DT_NULL) return undefined;
    if (tag === DT_DEBUG) return at(entry + BigInt(word));
  }
  return undefined;
}
