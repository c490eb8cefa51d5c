// How many dynamic symbols a file has: no field says it, but the hash tables do, and what relocations name.
import { fileOffset, roomAt, Tag } from "./image.ts";
import { malformed, type Reader } from "./reader.ts";
import { eachRelocation } from "./relocations.ts";
import type { Image } from "./types.ts";

const EM_S390 = 22;
const EM_ALPHA = 0x9026;

/** Includes the first, empty one. 0 for a file without a table of symbols. */
export function symbolCount(reader: Reader, image: Image): number {
  if (!image.tags.has(Tag.SYMTAB)) return 0;
  const hash = image.tags.get(Tag.HASH);
  if (hash !== undefined) return countOfHash(reader, image, hash);
  const gnuHash = image.tags.get(Tag.GNU_HASH);
  const count = gnuHash === undefined ? undefined : countOfGnuHash(reader, image, gnuHash);
  return count ?? countOfRelocations(reader, image);
}

/** DT_HASH has a chain entry for each symbol. */
function countOfHash(reader: Reader, { loads, layout, machine }: Image, address: number): number {
  // The one field of ELF whose size depends on the machine.
  const word = layout.bits === 64 && (machine === EM_S390 || machine === EM_ALPHA) ? 8 : 4;
  const what = "its hash table's counts";
  const fields = reader.take(fileOffset(loads, address, 2 * word, what), 2 * word, what);
  return word === 8 ? fields.word(8) : fields.u32(4);
}

/**
 * DT_GNU_HASH: the symbols that it finds are the last ones; those of the highest bucket end where a chain says so.
 * Undefined when it finds none: then it does not tell how many others there are.
 */
function countOfGnuHash(reader: Reader, { loads, layout }: Image, address: number): number | undefined {
  const what = "its hash table's buckets";
  const header = reader.take(fileOffset(loads, address, 16, what), 16, what);
  const [buckets, first, words] = [header.u32(0), header.u32(4), header.u32(8)];
  const bucketsAt = address + 16 + words * (layout.bits / 8);
  let last = 0;
  reader.entries(fileOffset(loads, bucketsAt, buckets * 4, what), buckets, 4, what, (fields, at) => {
    last = Math.max(last, fields.u32(at));
    return undefined;
  });
  if (last === 0) return undefined;
  if (last < first) malformed(`its hash table leads to symbol ${last}, and begins at ${first}`);
  const chainAt = bucketsAt + buckets * 4 + (last - first) * 4;
  const chain = "its hash table's chains";
  const room = Math.floor(roomAt(loads, chainAt, chain) / 4);
  let count: number | undefined;
  reader.entries(fileOffset(loads, chainAt, room * 4, chain), room, 4, chain, (fields, at, index) => {
    if ((fields.u32(at) & 1) === 0) return undefined;
    count = last + index + 1;
    return "stop";
  });
  return count ?? malformed("its hash table has no end");
}

/** The loader looks up what relocations name, so further symbols would mean nothing to it. */
function countOfRelocations(reader: Reader, image: Image): number {
  let highest = 0;
  eachRelocation(reader, image, (symbol) => {
    highest = Math.max(highest, symbol);
  });
  return highest + 1;
}
