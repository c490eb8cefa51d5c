// The versions of symbols that a file needs from others and defines itself, followed as the loader does.
import { fileOffset, Tag } from "./image.ts";
import { type Fields, malformed, type Reader } from "./reader.ts";
import type { Image, Segment, VersionNeed } from "./types.ts";

/** Symbols name versions with 15 bits, so no file has use for more. */
const COUNT_LIMIT = 32_768;

const FLAG_BASE = 1;
const FLAG_WEAK = 2;

/** The bits of an entry of DT_VERSYM that are an index; the other one hides the symbol from unversioned references. */
export const VERSION_INDEX = 0x7fff;

/** Symbols of these indexes have no version: local and global. */
export const FIRST_VERSION_INDEX = 2;

export interface Versions {
  readonly needed: readonly VersionNeed[];
  readonly defined: readonly string[];
  readonly byIndex: Image["versions"];
}

interface Part {
  readonly reader: Reader;
  readonly loads: readonly Segment[];
  readonly name: (at: number) => string;
}

export function readVersions(part: Part, tags: ReadonlyMap<number, number>): Versions {
  const byIndex = new Map<number, string>();
  const needed: VersionNeed[] = [];
  const defined: string[] = [];
  const needs = tags.get(Tag.VERNEED);
  for (const [need, at] of needs === undefined ? [] : records(part, needs, 16, 12, "its needed versions")) {
    const file = part.name(need.u32(4));
    for (const [aux] of records(part, at + need.u32(8), 16, 12, "its needed versions")) {
      if (needed.length === COUNT_LIMIT) malformed(`it needs more than ${COUNT_LIMIT} versions`);
      const version = part.name(aux.u32(8));
      needed.push({ file, version, weak: (aux.u16(4) & FLAG_WEAK) !== 0 });
      byIndex.set(aux.u16(6) & VERSION_INDEX, version);
    }
  }
  const definitions = tags.get(Tag.VERDEF);
  for (const [def, at] of definitions === undefined ? [] : records(part, definitions, 20, 16, "its versions")) {
    if ((def.u16(2) & FLAG_BASE) !== 0) continue;
    const place = fileOffset(part.loads, at + def.u32(12), 8, "its versions");
    const version = part.name(part.reader.take(place, 8, "its versions").u32(0));
    defined.push(version);
    byIndex.set(def.u16(4) & VERSION_INDEX, version);
  }
  return { needed, defined, byIndex };
}

/**
 * A chain of records with their addresses. `next` is where a record says how far on the next one is: 0 at the end, as the
 * loader has it, whatever the counts say. Never backwards, so never in circles.
 */
function* records(
  { reader, loads }: Part,
  start: number,
  size: number,
  next: number,
  what: string,
): Generator<[Fields, number]> {
  let address = start;
  for (let count = 0; count < COUNT_LIMIT; count += 1) {
    const record = reader.take(fileOffset(loads, address, size, what), size, what);
    yield [record, address];
    const step = record.u32(next);
    if (step === 0) return;
    address += step;
  }
  malformed(`${what} are more than ${COUNT_LIMIT}`);
}
