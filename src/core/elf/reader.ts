// Reads numbers and texts from a source of bytes that nobody vouches for: each place is checked, all work is bounded.
import type { ElfFault, ElfSource, Layout } from "./types.ts";

/** What one call may read in all, in bytes; bytes looked at twice count twice. */
export const READ_LIMIT = 256 * 1024 * 1024;

/** What may be held at once: a table of names, in bytes. */
export const HELD_LIMIT = 64 * 1024 * 1024;

/** Small reads come from blocks of this size, so that a small file costs a handful of system calls. In bytes. */
const BLOCK = 16 * 1024;
const BLOCKS_KEPT = 8;

/** Entries are read this many bytes at a time. */
const CHUNK = 64 * 1024;

/** Carries a fault out of the depths of this folder. It never leaves it: `faultless` makes a value of it. */
class Unreadable extends Error {
  readonly fault: ElfFault;

  constructor(fault: ElfFault) {
    super(fault.reason);
    this.fault = fault;
  }
}

export function truncated(reason: string): never {
  throw new Unreadable({ fault: "truncated", reason: `is truncated: ${reason}` });
}

/** `what` is a plural. */
export function endsBeyond(what: string, end: number, size: number): never {
  const place = Number.isFinite(end) ? `at byte ${end}` : "beyond any file";
  truncated(`${what} end ${place}, and it has ${size}`);
}

export function malformed(reason: string): never {
  throw new Unreadable({ fault: "malformed", reason: `is malformed: ${reason}` });
}

export function unsupported(reason: string): never {
  throw new Unreadable({ fault: "unsupported", reason: `is not supported: ${reason}` });
}

/** The result of `read`, or the fault that it came upon. */
export function faultless<T>(read: () => T): T | ElfFault {
  try {
    return read();
  } catch (error) {
    if (error instanceof Unreadable) return error.fault;
    throw error;
  }
}

/** Bytes with their numbers. Offsets count from the first byte; asking beyond the end is a bug of the caller. */
export interface Fields {
  readonly bytes: Uint8Array;
  u8(at: number): number;
  u16(at: number): number;
  u32(at: number): number;
  /** 4 or 8 bytes, as the file's class has it. Infinity above 2^53 - 1: no file has bytes there. */
  word(at: number): number;
}

export function fieldsOf(bytes: Uint8Array, { bits, byteOrder }: Layout): Fields {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = byteOrder === "little";
  const u32 = (at: number): number => view.getUint32(at, little);
  const u64 = (at: number): number => {
    const number = u32(little ? at + 4 : at) * 2 ** 32 + u32(little ? at : at + 4);
    return Number.isSafeInteger(number) ? number : Number.POSITIVE_INFINITY;
  };
  return {
    bytes,
    u8: (at) => view.getUint8(at),
    u16: (at) => view.getUint16(at, little),
    u32,
    word: bits === 64 ? u64 : u32,
  };
}

export interface Reader {
  readonly size: number;
  readonly layout: Layout;
  /** Exactly `length` bytes. `what` names them, in the plural. */
  take(offset: number, length: number, what: string): Fields;
  /** Visits `count` entries of `entry` bytes each, until `visit` answers "stop"; `at` is the entry's place in `fields`. */
  entries(offset: number, count: number, entry: number, what: string, visit: Visit): void;
  /** Counts work that reads nothing new, in bytes. */
  spend(bytes: number): void;
}

type Visit = (fields: Fields, at: number, index: number) => "stop" | undefined;

/** One reader serves one call: its budget and its blocks are gone with it. */
export function readerOf(source: ElfSource, layout: Layout): Reader {
  const blocks = new Map<number, Uint8Array>();
  let left = READ_LIMIT;

  function spend(bytes: number): void {
    left -= bytes;
    if (left < 0) unsupported(`it takes reading more than ${READ_LIMIT / 2 ** 20} MiB`);
  }

  function block(start: number): Uint8Array {
    const kept = blocks.get(start);
    if (kept !== undefined) return kept;
    spend(BLOCK);
    const bytes = source.read(start, Math.min(BLOCK, source.size - start));
    const oldest = blocks.keys().next();
    if (blocks.size >= BLOCKS_KEPT && !oldest.done) blocks.delete(oldest.value);
    blocks.set(start, bytes);
    return bytes;
  }

  function bytesAt(offset: number, length: number): Uint8Array {
    const inside = offset % BLOCK;
    if (inside + length > BLOCK) return source.read(offset, length);
    return block(offset - inside).subarray(inside, inside + length);
  }

  function take(offset: number, length: number, what: string): Fields {
    if (length > HELD_LIMIT) unsupported(`${what} are ${length} bytes`);
    if (offset > source.size - length) endsBeyond(what, offset + length, source.size);
    // Reading nothing is work too.
    spend(length + 8);
    const bytes = bytesAt(offset, length);
    if (bytes.length < length) endsBeyond(what, offset + length, offset + bytes.length);
    return fieldsOf(bytes, layout);
  }

  function entries(offset: number, count: number, entry: number, what: string, visit: Visit): void {
    const atOnce = Math.floor(CHUNK / entry);
    for (let first = 0; first < count; first += atOnce) {
      const some = Math.min(atOnce, count - first);
      const fields = take(offset + first * entry, some * entry, what);
      for (let index = 0; index < some; index += 1) {
        if (visit(fields, index * entry, first + index) === "stop") return;
      }
    }
  }

  return { size: source.size, layout, take, entries, spend };
}

/** A source for bytes in memory. */
export function bytesSource(bytes: Uint8Array): ElfSource {
  return {
    size: bytes.length,
    read: (offset, length) => bytes.subarray(offset, offset + length),
  };
}
