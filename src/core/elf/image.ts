// Where a file's parts are: its segments, and its dynamic section, whose addresses lead through the segments.
import { endsBeyond, HELD_LIMIT, malformed, type Reader, unsupported } from "./reader.ts";
import type { Segment } from "./types.ts";

/** The numbers that <elf.h> gives to the tags that this reader looks at. */
export const Tag = {
  NULL: 0,
  NEEDED: 1,
  PLTRELSZ: 2,
  HASH: 4,
  STRTAB: 5,
  SYMTAB: 6,
  RELA: 7,
  RELASZ: 8,
  STRSZ: 10,
  SYMENT: 11,
  SONAME: 14,
  RPATH: 15,
  SYMBOLIC: 16,
  REL: 17,
  RELSZ: 18,
  PLTREL: 20,
  TEXTREL: 22,
  JMPREL: 23,
  RUNPATH: 29,
  FLAGS: 30,
  GNU_HASH: 0x6ffffef5,
  VERSYM: 0x6ffffff0,
  FLAGS_1: 0x6ffffffb,
  VERDEF: 0x6ffffffc,
  VERNEED: 0x6ffffffe,
} as const;

const PT_LOAD = 1;

/** The kernel starts no program with more than this, and real files have below twenty. In bytes. */
const HEADERS_LIMIT = 64 * 1024;

/** The entries of a dynamic section; real ones have below a hundred. In bytes. */
const DYNAMIC_LIMIT = 256 * 1024;

/** Throws for a file that maps bytes it does not have: programs that touch them are killed by SIGBUS. */
export function readSegments(reader: Reader, offset: number, count: number, entry: number): readonly Segment[] {
  const { bits } = reader.layout;
  const expected = bits === 64 ? 56 : 32;
  if (count === 0) return [];
  if (entry !== expected) malformed(`its program headers are of ${entry} bytes each, not ${expected}`);
  if (count * entry > HEADERS_LIMIT) unsupported(`it has ${count} program headers`);
  const segments: Segment[] = [];
  reader.entries(offset, count, entry, "its program headers", (fields, at) => {
    const [flags, place, address, size] = bits === 64 ? [4, 8, 16, 32] : [24, 4, 8, 16];
    segments.push({
      type: fields.u32(at),
      flags: fields.u32(at + flags),
      offset: fields.word(at + place),
      address: fields.word(at + address),
      size: fields.word(at + size),
    });
    return undefined;
  });
  const end = Math.max(0, ...segments.filter(isLoad).map((segment) => segment.offset + segment.size));
  if (end > reader.size) endsBeyond("its segments", end, reader.size);
  return segments;
}

/** Without bytes of the file in it, a segment is memory to be filled with zeros. */
export function isLoad({ type, size }: Segment): boolean {
  return type === PT_LOAD && size > 0;
}

/** The place in the file of `length` bytes at `address`. */
export function fileOffset(loads: readonly Segment[], address: number, length: number, what: string): number {
  const load = loads.find(
    (segment) => segment.address <= address && address - segment.address <= segment.size - length,
  );
  if (load === undefined) malformed(`${what} at address ${hexadecimal(address)} are not within its segments`);
  return load.offset + (address - load.address);
}

/** How many bytes of the file follow an address in its segment, the one at `address` included. */
export function roomAt(loads: readonly Segment[], address: number, what: string): number {
  const load = loads.find((segment) => segment.address <= address && address - segment.address < segment.size);
  if (load === undefined) malformed(`${what} at address ${hexadecimal(address)} are not within its segments`);
  return load.size - (address - load.address);
}

function hexadecimal(address: number): string {
  return Number.isFinite(address) ? `0x${address.toString(16)}` : "above 2^53";
}

/** The dynamic section, up to its end mark: the last value of each tag, and each DT_NEEDED in order. */
export function readDynamic(
  reader: Reader,
  loads: readonly Segment[],
  dynamic: Segment,
): { tags: Map<number, number>; needed: number[] } {
  const word = reader.layout.bits / 8;
  const tags = new Map<number, number>();
  const needed: number[] = [];
  if (dynamic.size > DYNAMIC_LIMIT) unsupported(`its dynamic section is ${dynamic.size} bytes`);
  const place = fileOffset(loads, dynamic.address, dynamic.size, "the entries of its dynamic section");
  let ended = false;
  reader.entries(place, Math.floor(dynamic.size / (2 * word)), 2 * word, "its dynamic section", (fields, at) => {
    const tag = fields.word(at);
    const value = fields.word(at + word);
    if (tag === Tag.NULL) {
      ended = true;
      return "stop";
    }
    if (tag === Tag.NEEDED) needed.push(value);
    else tags.set(tag, value);
    return undefined;
  });
  if (!ended) malformed("its dynamic section has no end");
  return { tags, needed };
}

/** A function that reads names from the table of names: `at` is an offset in it. */
export function namesOf(
  reader: Reader,
  loads: readonly Segment[],
  tags: ReadonlyMap<number, number>,
): (at: number) => string {
  const { address, size } = nameTable(tags);
  const start = size === 0 ? 0 : fileOffset(loads, address, size, "its names");
  return (at) => {
    if (at >= size) malformed(`it uses a name at byte ${at} of ${size} bytes of names`);
    for (let length = 64; ; length *= 8) {
      const part = Math.min(length, size - at, HELD_LIMIT);
      const { bytes } = reader.take(start + at, part, "its names");
      const end = bytes.indexOf(0);
      if (end >= 0) return latin1Of(bytes.subarray(0, end));
      if (part === size - at) malformed("its last name has no end");
      if (part === HELD_LIMIT) unsupported(`it has a name of more than ${HELD_LIMIT} bytes`);
    }
  };
}

export function nameTable(tags: ReadonlyMap<number, number>): { address: number; size: number } {
  return { address: tags.get(Tag.STRTAB) ?? 0, size: tags.has(Tag.STRTAB) ? (tags.get(Tag.STRSZ) ?? 0) : 0 };
}

/** One character for each byte. */
export function latin1Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
