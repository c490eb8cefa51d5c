// A source of bytes that asks the original only once for what several passes over a file need.
import type { ElfSource } from "../../core/elf/types.ts";

/** Larger reads are of tables, which are read once. In bytes. */
const LARGEST_KEPT = 16 * 1024;
const KEPT = 16;

/** For one look at a file: it does not see the file change. */
export function keptBlocks(source: ElfSource): ElfSource {
  const kept = new Map<number, Uint8Array>();
  return {
    size: source.size,
    read: (offset, length) => {
      const found = kept.get(offset);
      if (found !== undefined && found.length >= length) return found.subarray(0, length);
      const bytes = source.read(offset, length);
      if (length <= LARGEST_KEPT && kept.size < KEPT) kept.set(offset, bytes);
      return bytes;
    },
  };
}
