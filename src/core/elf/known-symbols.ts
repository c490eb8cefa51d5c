// A few dynamic symbols with what surrounds them: the slots through which they are used, and the bytes where they are.
import { latin1Of } from "./image.ts";
import { faultless, readerOf } from "./reader.ts";
import { wordSlots } from "./relocations.ts";
import { placedSymbols } from "./symbols.ts";
import type { ElfFault, ElfFile, ElfSymbol } from "./types.ts";

export interface KnownSymbol extends ElfSymbol {
  /** Virtual addresses, in the file's own numbering, of the words that the loader fills with the symbol's address. */
  readonly slots: readonly number[];
  /** Of objects that are defined here: the text that begins there, up to its NUL or 64 bytes. */
  readonly text: string | undefined;
}

/** In bytes. */
const TEXT_LIMIT = 64;

/** The symbols of these names. `slotsKnown` is false for a machine whose slots this reader does not know. */
export function knownSymbols(
  file: ElfFile,
  wanted: ReadonlySet<string>,
): { readonly symbols: readonly KnownSymbol[]; readonly slotsKnown: boolean } | ElfFault {
  return faultless(() => {
    const { image } = file;
    const reader = readerOf(image.source, image.layout);
    const placed = placedSymbols(reader, image, wanted);
    if (placed.length === 0) return { symbols: [], slotsKnown: true };
    const slots = wordSlots(reader, image, new Set(placed.map(({ index }) => index)));
    const textAt = (address: number): string | undefined => {
      const load = image.loads.find((one) => one.address <= address && address - one.address < one.size);
      if (load === undefined) return undefined;
      const length = Math.min(TEXT_LIMIT, load.size - (address - load.address));
      const { bytes } = reader.take(load.offset + address - load.address, length, "the bytes of a symbol");
      const end = bytes.indexOf(0);
      return latin1Of(end < 0 ? bytes : bytes.subarray(0, end));
    };
    return {
      symbols: placed.map(({ index, address, symbol }) => ({
        ...symbol,
        slots: (slots ?? []).filter((slot) => slot.symbol === index).map((slot) => slot.address),
        text: symbol.defined && symbol.kind === "object" ? textAt(address) : undefined,
      })),
      slotsKnown: slots !== undefined,
    };
  });
}
