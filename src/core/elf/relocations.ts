// The places that the loader fills in: which symbol each waits for, and where it is.
import { fileOffset, Tag } from "./image.ts";
import type { Reader } from "./reader.ts";
import type { Image } from "./types.ts";

/** Of each machine that the package has a shim for (i386, x86_64, aarch64): the types that put a symbol's address into a word, for calls (through the PLT), for data, and plain. */
const WORD_TYPES: ReadonlyMap<number, readonly number[]> = new Map([
  [3, [7, 6, 1]],
  [62, [7, 6, 1]],
  [183, [1026, 1025, 257]],
]);

/** Visits each relocation in the file's order; `symbol` is an index in the table of dynamic symbols, 0 for none. */
export function eachRelocation(
  reader: Reader,
  { loads, layout, tags }: Image,
  visit: (symbol: number, address: number, type: number) => void,
): void {
  const wide = layout.bits === 64;
  const word = layout.bits / 8;
  const kinds = [
    { at: Tag.RELA, size: Tag.RELASZ, entry: 3 * word },
    { at: Tag.REL, size: Tag.RELSZ, entry: 2 * word },
    { at: Tag.JMPREL, size: Tag.PLTRELSZ, entry: tags.get(Tag.PLTREL) === Tag.REL ? 2 * word : 3 * word },
  ];
  const [typeAt, symbolAt] = layout.byteOrder === "little" ? [word, word + 4] : [word + 4, word];
  const what = "its relocations";
  for (const { at, size, entry } of kinds) {
    const address = tags.get(at);
    const bytes = tags.get(size) ?? 0;
    if (address === undefined || bytes === 0) continue;
    const place = fileOffset(loads, address, bytes, what);
    reader.entries(place, Math.floor(bytes / entry), entry, what, (fields, start) => {
      if (wide) visit(fields.u32(start + symbolAt), fields.word(start), fields.u32(start + typeAt));
      else {
        const info = fields.u32(start + word);
        visit(info >>> 8, fields.u32(start), info & 0xff);
      }
      return undefined;
    });
  }
}

/** Words that hold the address of a symbol, once the loader has looked it up. */
export interface WordSlot {
  /** In the table of dynamic symbols. */
  readonly symbol: number;
  readonly address: number;
}

/**
 * The slots of these symbols. Undefined for any other machine.
 */
export function wordSlots(reader: Reader, image: Image, wanted: ReadonlySet<number>): readonly WordSlot[] | undefined {
  const types = WORD_TYPES.get(image.machine);
  if (types === undefined) return undefined;
  const found: WordSlot[] = [];
  eachRelocation(reader, image, (symbol, address, type) => {
    if (wanted.has(symbol) && types.includes(type)) found.push({ symbol, address });
  });
  return found;
}
