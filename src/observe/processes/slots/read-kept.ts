// Whether the shim in a process goes by the table that the process has mapped: it keeps a copy of what it has read.
import { isUnseen } from "../../../core/seen.ts";
import { isRefused } from "../../../system/proc/process-files.ts";
import type { Mapping } from "../maps.ts";
import { MOST_MEMORY, withMemory } from "../read-mapped-file.ts";
import type { MappedBy, Objects } from "../read-mapped-objects.ts";
import { mappingsByKey } from "./read-bindings.ts";

/** In bytes, of the table's two bit maps (native/table/format.h). */
const BITS = { offset: 64, size: 256 } as const;
/** What of a library's data is not in its file lies in the page behind it. */
const PAGE = 4096n;
/** A process that reads a new table just then has it mapped for some microseconds before it keeps it, and may not run. */
const TRIES = 3;

/**
 * True where the shim keeps other reservations than those of the table mapped at `table`: criu has put the process away
 * before the table changed, or somebody has written into the table in its place. Undefined where that cannot be seen.
 */
export function keepsOthers(
  objects: Objects,
  by: MappedBy,
  keys: readonly string[],
  table: Mapping,
): boolean | undefined {
  const shims = keys.filter((key) => {
    const elf = objects.found.get(key)?.elf;
    return elf !== undefined && !isUnseen(elf) && elf.marker !== undefined;
  });
  if (shims.length === 0) return undefined;
  const places = mappingsByKey(objects, by);
  const mappings = shims.flatMap((key) => places.get(key) ?? []);
  for (let tries = 0; tries < TRIES; tries++) {
    const found = keptBy(by, mappings, table);
    if (found !== false) return found === undefined ? undefined : false;
  }
  return true;
}

/** Whether the mapped table's bits are in the shim's own data. */
function keptBy(by: MappedBy, mappings: readonly Mapping[], table: Mapping): boolean | undefined {
  const found = withMemory(by, (read) => {
    const bits = read(table.start + BigInt(BITS.offset), BITS.size);
    if (isRefused(bits) || bits.length < BITS.size) return undefined;
    let isSeen = false;
    for (const { start, end, executable } of mappings) {
      if (executable) continue;
      // The shim's own data is a page or two; whoever maps more of such a file has other things in mind.
      const size = Math.min(Number(end - start), MOST_MEMORY);
      const data = [read(start, size), read(end, Number(PAGE))].flatMap((bytes) => (isRefused(bytes) ? [] : [bytes]));
      isSeen ||= data.length > 0;
      if (Buffer.concat(data).includes(Buffer.from(bits))) return true;
    }
    return isSeen ? false : undefined;
  });
  return isRefused(found) ? undefined : found;
}
