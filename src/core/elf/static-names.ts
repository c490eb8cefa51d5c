// The table of all symbols, which only linkers and debuggers use, and notes: what there is to know of a static program.
import { latin1Of, readSegments } from "./image.ts";
import { faultless, HELD_LIMIT, malformed, type Reader, readerOf, unsupported } from "./reader.ts";
import type { ElfFault, ElfFile } from "./types.ts";

const SHT_SYMTAB = 2;
const PT_NOTE = 4;
const DOT = 0x2e;

/** The header's field has 16 bits; the larger counts that ELF allows are of object files. */
const SECTIONS_LIMIT = 65_536;
const SYMBOLS_LIMIT = 8_000_000;
const NOTES_LIMIT = 16 * 1024;
const OWNER_LIMIT = 64;
const PLACES_LIMIT = 65_536;
const NAMES_WINDOW = 1024 * 1024;

export interface Section {
  /** Where its name is in the section of names. */
  readonly name: number;
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

/**
 * Those of `wanted` that the table of all symbols has as defined, local ones and the parts that compilers make of a
 * function ("NAME.part.0") among them. Undefined where the file has no such table: it was stripped.
 */
export function definedNames(file: ElfFile, wanted: readonly string[]): readonly string[] | undefined | ElfFault {
  return faultless(() => {
    const reader = readerOf(file.image.source, file.image.layout);
    const sections = readSections(reader);
    const table = sections.find(({ type, size }) => type === SHT_SYMTAB && size > 0);
    if (table === undefined) return undefined;
    const names = sections[table.link];
    if (names === undefined) malformed(`the names of its symbols are in section ${table.link} of ${sections.length}`);
    const places = placesOf(reader, names, wanted);
    const found = new Set<string>();
    if (places.size === 0) return [];
    const wide = file.bits === 64;
    const entry = wide ? 24 : 16;
    const count = Math.floor(table.size / entry);
    if (count > SYMBOLS_LIMIT) malformed(`its table of all symbols is for ${count} of them`);
    reader.entries(table.offset, count, entry, "its symbols", (fields, at) => {
      const name = places.get(fields.u32(at));
      if (name !== undefined && fields.u16(at + (wide ? 6 : 14)) !== 0) found.add(name);
      return undefined;
    });
    return wanted.filter((name) => found.has(name));
  });
}

export function readSections(reader: Reader): readonly Section[] {
  const wide = reader.layout.bits === 64;
  const header = reader.take(0, wide ? 64 : 52, "its headers");
  const offset = header.word(wide ? 40 : 32);
  const entry = header.u16(wide ? 58 : 46);
  const count = header.u16(wide ? 60 : 48);
  const expected = wide ? 64 : 40;
  const sections: Section[] = [];
  if (offset === 0 || count === 0) return sections;
  if (entry !== expected) malformed(`its section headers are of ${entry} bytes each, not ${expected}`);
  reader.entries(offset, Math.min(count, SECTIONS_LIMIT), entry, "its section headers", (fields, at) => {
    const [place, size, link] = wide ? [24, 32, 40] : [16, 20, 24];
    sections.push({
      name: fields.u32(at),
      type: fields.u32(at + 4),
      offset: fields.word(at + place),
      size: fields.word(at + size),
      link: fields.u32(at + link),
    });
    return undefined;
  });
  return sections;
}

/** Where in the table of names each name begins, for those that end there or go on with a dot. */
function placesOf(reader: Reader, { offset, size }: Section, wanted: readonly string[]): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  const what = "its symbols' names";
  if (size > 16 * HELD_LIMIT) malformed(`${what} are ${size} bytes`);
  const overlap = Math.max(0, ...wanted.map((name) => name.length + 1));
  for (let from = 0; from < size; from += NAMES_WINDOW - overlap) {
    const { bytes } = reader.take(offset + from, Math.min(NAMES_WINDOW, size - from), what);
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (const name of wanted) {
      for (let at = text.indexOf(name, 0, "latin1"); at >= 0; at = text.indexOf(name, at + 1, "latin1")) {
        const after = text[at + name.length];
        if (after !== 0 && after !== DOT) continue;
        if (found.size === PLACES_LIMIT) unsupported(`it repeats its names more than ${PLACES_LIMIT} times`);
        found.set(from + at, name);
      }
    }
    if (from + NAMES_WINDOW >= size) break;
  }
  return found;
}

/** Whether the file has a note of this owner and type: what its maker wrote into it, such as the build id of Go's compiler. */
export function hasNote({ image }: ElfFile, owner: string, type: number): boolean | ElfFault {
  return faultless(() => {
    const reader = readerOf(image.source, image.layout);
    const wide = image.layout.bits === 64;
    const header = reader.take(0, wide ? 64 : 52, "its headers");
    const sizes = wide ? 54 : 42;
    const place = header.word(wide ? 32 : 28);
    const segments = readSegments(reader, place, header.u16(sizes + 2), header.u16(sizes));
    for (const note of segments.filter((segment) => segment.type === PT_NOTE && segment.size <= NOTES_LIMIT)) {
      for (let at = 0; at + 12 <= note.size; ) {
        const record = reader.take(note.offset + at, 12, "its notes");
        const [nameSize, size] = [record.u32(0), record.u32(4)];
        if (record.u32(8) === type && nameSize <= OWNER_LIMIT && at + 12 + nameSize <= note.size) {
          const { bytes } = reader.take(note.offset + at + 12, nameSize, "its notes");
          // Go pads its name, and counts the padding.
          if (latin1Of(bytes).replace(/\0+$/, "") === owner) return true;
        }
        at += 12 + Math.ceil(nameSize / 4) * 4 + Math.ceil(size / 4) * 4;
      }
    }
    return false;
  });
}
