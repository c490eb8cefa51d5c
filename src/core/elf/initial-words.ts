// What a file has in words that the loader may write to when the file is in memory.
import { fileOffset } from "./image.ts";
import { readElf } from "./read-elf.ts";
import { faultless, readerOf } from "./reader.ts";
import type { ElfSource } from "./types.ts";

/** The word at each address of the file's own; undefined where that cannot be told. Never throws, unless the source does. */
export function initialWords(
  source: ElfSource,
  places: readonly { readonly address: number; readonly bytes: 4 | 8 }[],
): readonly (bigint | undefined)[] {
  const file = readElf(source);
  if ("fault" in file) return places.map(() => undefined);
  const reader = readerOf(source, file);
  return places.map(({ address, bytes }) => {
    const word = faultless(() => {
      const place = fileOffset(file.image.loads, address, bytes, "its slots");
      return wordOf(reader.take(place, bytes, "its slots").bytes, file.byteOrder === "little");
    });
    return typeof word === "bigint" ? word : undefined;
  });
}

/** The number that 4 or 8 bytes are. */
export function wordOf(bytes: Uint8Array, little = true): bigint {
  const digits = Buffer.from(little ? Uint8Array.from(bytes).reverse() : bytes).toString("hex");
  return BigInt(`0x${digits}`);
}
