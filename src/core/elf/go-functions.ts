// The functions of a program in Go, by the table that its runtime needs: also a stripped one has it.
import { latin1Of } from "./image.ts";
import { faultless, type Reader, readerOf } from "./reader.ts";
import { readSections, type Section } from "./static-names.ts";
import type { ElfFault, ElfFile } from "./types.ts";

/** In a program at fixed addresses, and in one that is position-independent. */
const TABLES: readonly string[] = [".gopclntab", ".data.rel.ro.gopclntab"];
const NAME_LIMIT = 32;
const WINDOW = 1024 * 1024;

/**
 * Whether one of these functions, with its package as "net/http.Get", is in the program: what nothing in it calls, Go's
 * linker has left out. Undefined where the table is not to be found.
 */
export function hasGoFunction({ image }: ElfFile, wanted: readonly string[]): boolean | undefined | ElfFault {
  return faultless(() => {
    const reader = readerOf(image.source, image.layout);
    const table = goTable(reader);
    return (
      table &&
      holds(
        reader,
        table,
        wanted.map((name) => `${name}\0`),
      )
    );
  });
}

function goTable(reader: Reader): Section | undefined {
  const wide = reader.layout.bits === 64;
  const sections = readSections(reader);
  const names = sections[reader.take(0, wide ? 64 : 52, "its headers").u16(wide ? 62 : 50)];
  if (names === undefined) return undefined;
  return sections.find(({ name, size }) => size > 0 && TABLES.includes(nameAt(reader, names, name)));
}

function nameAt(reader: Reader, { offset, size }: Section, at: number): string {
  if (at >= size) return "";
  const { bytes } = reader.take(offset + at, Math.min(NAME_LIMIT, size - at), "its sections' names");
  return latin1Of(bytes).split("\0", 1)[0] ?? "";
}

/** Names stand one behind the other, each ended by NUL. */
function holds(reader: Reader, { offset, size }: Section, texts: readonly string[]): boolean {
  const overlap = Math.max(...texts.map((text) => text.length));
  for (let from = 0; from < size; from += WINDOW - overlap) {
    const { bytes } = reader.take(offset + from, Math.min(WINDOW, size - from), "its functions' names");
    const window = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (texts.some((text) => window.includes(text, 0, "latin1"))) return true;
    if (from + WINDOW >= size) return false;
  }
  return false;
}
