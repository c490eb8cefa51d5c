// The dynamic symbols of a file: all of them, or quickly those of given names.
import { fileOffset, latin1Of, nameTable, Tag } from "./image.ts";
import { faultless, malformed, type Reader, readerOf, unsupported } from "./reader.ts";
import { symbolCount } from "./symbol-count.ts";
import type { ElfFault, ElfFile, ElfSymbol, Image, SymbolKind } from "./types.ts";
import { FIRST_VERSION_INDEX, VERSION_INDEX } from "./versions.ts";

/** The largest libraries have some hundred thousand. */
const SYMBOL_LIMIT = 1_000_000;

/** Linkers write each name once. */
const PLACES_LIMIT = 65_536;

/** How much of the names is searched at once, in bytes. */
const WINDOW = 1024 * 1024;

/** How much of a name's end, its NUL included, is searched for: one search for all names that end alike. */
const TAIL = 7;

const BIND_LOCAL = 0;
const BIND_WEAK = 2;

const KINDS: ReadonlyMap<number, SymbolKind> = new Map([
  [0, "none"],
  [1, "object"],
  [2, "function"],
  [6, "thread-local"],
  [10, "ifunc"],
]);

/**
 * The symbols that take part in dynamic linking, in the file's order; with `wanted`, only those of these names, which
 * costs a search through the bytes of the names and, where it finds any, one pass over the symbols.
 */
export function symbols({ image }: ElfFile, wanted?: ReadonlySet<string>): readonly ElfSymbol[] | ElfFault {
  return faultless(() =>
    placedSymbols(readerOf(image.source, image.layout), image, wanted).map(({ symbol }) => symbol),
  );
}

/** A symbol with what the rest of its file knows it by. */
export interface PlacedSymbol {
  /** In the table of dynamic symbols. */
  readonly index: number;
  /** Its value: where it is, for those that are defined. */
  readonly address: number;
  readonly symbol: ElfSymbol;
}

/** As `symbols`, for the rest of this folder. */
export function placedSymbols(reader: Reader, image: Image, wanted?: ReadonlySet<string>): readonly PlacedSymbol[] {
  if (!image.tags.has(Tag.SYMTAB)) return [];
  const nameAt = wanted === undefined ? allNames(reader, image) : namesAmong(reader, image, wanted);
  return nameAt === undefined ? [] : readSymbols(reader, image, nameAt);
}

/** Gives the name at an offset of the table of names, or undefined where it is not asked for. */
type NameAt = (offset: number) => string | undefined;

function allNames(reader: Reader, { loads, tags }: Image): NameAt {
  const { address, size } = nameTable(tags);
  const what = "its names";
  const { bytes } = reader.take(fileOffset(loads, address, size, what), size, what);
  return (offset) => {
    const end = offset < size ? bytes.indexOf(0, offset) : -1;
    if (end < 0) malformed(`it uses a name at byte ${offset} of ${size} bytes of names`);
    // A long name can be the end of many others: bytes that are shared still become text for each of them.
    reader.spend(end - offset);
    return latin1Of(bytes.subarray(offset, end));
  };
}

/** Linkers let a name begin inside another that ends like it, so each place where one ends counts. */
function namesAmong(reader: Reader, { loads, tags }: Image, wanted: ReadonlySet<string>): NameAt | undefined {
  const { address, size } = nameTable(tags);
  const what = "its names";
  const start = fileOffset(loads, address, size, what);
  const found = new Map<number, string>();
  const groups = groupedByTail(wanted);
  const overlap = Math.max(0, ...[...wanted].map((name) => name.length));
  if (overlap >= WINDOW) unsupported(`no name of ${overlap} bytes can be searched for`);
  for (let from = 0; from < size; from += WINDOW - overlap) {
    const { bytes } = reader.take(start + from, Math.min(WINDOW, size - from), what);
    const window = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (const [tail, alike] of groups) {
      for (const { name, at } of placesIn(window, Buffer.from(tail, "latin1"), alike)) {
        if (found.size === PLACES_LIMIT) unsupported(`it repeats its names more than ${PLACES_LIMIT} times`);
        found.set(from + at, name);
      }
    }
    if (from + WINDOW >= size) break;
  }
  return found.size === 0 ? undefined : (offset) => found.get(offset);
}

/** A name, and its bytes with the NUL. */
interface Pattern {
  readonly name: string;
  readonly bytes: Buffer;
}

function groupedByTail(names: ReadonlySet<string>): ReadonlyMap<string, readonly Pattern[]> {
  const groups = new Map<string, readonly Pattern[]>();
  for (const name of names) {
    const tail = `${name}\0`.slice(-TAIL);
    groups.set(tail, [...(groups.get(tail) ?? []), { name, bytes: Buffer.from(`${name}\0`, "latin1") }]);
  }
  return groups;
}

/** Where in the window each of these names is, all of which end with `tail`. */
function* placesIn(window: Buffer, tail: Buffer, alike: readonly Pattern[]) {
  for (let end = window.indexOf(tail); end >= 0; end = window.indexOf(tail, end + 1)) {
    for (const { name, bytes } of alike) {
      const at = end + tail.length - bytes.length;
      if (at >= 0 && bytes.compare(window, at, at + bytes.length) === 0) yield { name, at };
    }
  }
}

function readSymbols(reader: Reader, image: Image, nameAt: NameAt): readonly PlacedSymbol[] {
  const { loads, layout, tags } = image;
  const wide = layout.bits === 64;
  const entry = wide ? 24 : 16;
  const size = tags.get(Tag.SYMENT) ?? entry;
  if (size !== entry) malformed(`its symbols are of ${size} bytes each, not ${entry}`);
  const count = symbolCount(reader, image);
  if (count > SYMBOL_LIMIT) unsupported(`it has ${count} symbols`);
  const place = fileOffset(loads, tags.get(Tag.SYMTAB) ?? 0, count * entry, "its symbols");
  const found: Unversioned[] = [];
  reader.entries(place, count, entry, "its symbols", (fields, at, index) => {
    const info = fields.u8(at + (wide ? 4 : 12));
    if (info >> 4 === BIND_LOCAL) return undefined;
    const name = nameAt(fields.u32(at));
    if (name === undefined) return undefined;
    const symbol = {
      name,
      defined: fields.u16(at + (wide ? 6 : 14)) !== 0,
      weak: info >> 4 === BIND_WEAK,
      kind: KINDS.get(info & 15) ?? "other",
    } as const;
    found.push({ index, address: fields.word(at + (wide ? 8 : 4)), symbol });
    return undefined;
  });
  return withVersions(reader, image, found);
}

type Unversioned = Omit<PlacedSymbol, "symbol"> & { readonly symbol: Omit<ElfSymbol, "hidden"> };

function withVersions(
  reader: Reader,
  { loads, tags, versions }: Image,
  found: readonly Unversioned[],
): readonly PlacedSymbol[] {
  const table = tags.get(Tag.VERSYM);
  if (table === undefined) return found.map((one) => ({ ...one, symbol: { ...one.symbol, hidden: false } }));
  const what = "its symbols' versions";
  return found.map(({ index, address, symbol }) => {
    const entry = reader.take(fileOffset(loads, table + index * 2, 2, what), 2, what).u16(0);
    const hidden = symbol.defined && (entry & ~VERSION_INDEX) !== 0;
    const versionIndex = entry & VERSION_INDEX;
    if (versionIndex < FIRST_VERSION_INDEX) return { index, address, symbol: { ...symbol, hidden } };
    const version = versions.get(versionIndex);
    if (version === undefined)
      malformed(`it gives a symbol version ${versionIndex}, which it neither needs nor defines`);
    return { index, address, symbol: { ...symbol, version, hidden } };
  });
}
