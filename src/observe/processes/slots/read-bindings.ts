// What only the memory of a process tells: where its calls of allocators lead, and whether its table is retired.

import { wordOf } from "../../../core/elf/initial-words.ts";
import { native } from "../../../core/native.ts";
import { isUnseen, type Seen, type Unseen } from "../../../core/seen.ts";
import type { Binding, ObjectFacts, ProcessFacts } from "../../../coverage/facts.ts";
import { tableBytes } from "../../../system/files/table-file.ts";
import { isRefused, readLines } from "../../../system/proc/process-files.ts";
import type { KnownSlots } from "../../programs/known-file.ts";
import { DELETED, type Mapping, parseMaps } from "../maps.ts";
import { withFile, withMemory } from "../read-mapped-file.ts";
import { findMapped, keyOfMapped, type MappedBy, type Objects, whyMappedSilent } from "../read-mapped-objects.ts";
import { reservationsIn } from "../read-other-root.ts";
import type { Self } from "../read-self.ts";
import { loadedAtRunTime } from "./run-time.ts";
import { copiesOf, isWithin, leadsTo, worst } from "./slot-target.ts";

/** In bytes: all of it is one page. */
const TABLE_SIZE = 4096;

/**
 * The table mapped at `mapping`, if it is one. Its mark is read from the process's own memory, as the shim reads it: on an
 * overlay the file may be a copy by now, which has a mark that the process never sees.
 */
export function mappedTableOf(
  own: Self,
  objects: Objects,
  by: MappedBy,
  mapping: Mapping,
): Exclude<ProcessFacts["mappedTable"], undefined> {
  const { file, range, start } = mapping;
  const silent = file && whyMappedSilent(objects, by, file, range);
  if (silent !== undefined) return silent;
  const place = file === undefined ? { errno: "EINVAL" } : findMapped(by, file, range);
  const { markOffset, retiredMark } = native();
  const isRetired = (mark: Uint8Array): boolean => Buffer.compare(mark, retiredMark) === 0;
  const page = withMemory(by, (read) => read(start, TABLE_SIZE));
  const isAlike = !isRefused(page) && own.reservations !== undefined && reservationsIn(page) === own.reservations;
  const inMemory =
    isRefused(page) || page.length < TABLE_SIZE
      ? undefined
      : page.subarray(markOffset, markOffset + retiredMark.length);
  if (!isRefused(place)) {
    // A file of an overlay's layer has an identity of its own.
    const current = place.identity.key === own.table || (!isRefused(page) && tableBytes("/")?.equals(page) === true);
    const alike = isAlike && !current ? { alike: true as const } : {};
    if (inMemory !== undefined) return { current, retired: isRetired(inMemory), ...alike };
    const mark = withFile(
      place.file,
      place.isKernelLink,
      (open) => open.read(markOffset, retiredMark.length),
      by.guard,
    );
    if (!isRefused(mark)) return { current, retired: isRetired(mark) };
    return { unseen: `the table that it has mapped cannot be read (${mark.errno})`, rootWould: !own.asRoot };
  }
  // Without the right to the kernel's link, its memory may still be open. No file that has a name is marked so.
  if (inMemory === undefined || file?.path.endsWith(DELETED) !== true)
    return { unseen: "the table that it has mapped is out of reach", rootWould: !own.asRoot };
  return { current: false, retired: isRetired(inMemory) };
}

/**
 * For the objects that the shim may not have come before: those loaded at run time, and those loaded more than once; of
 * the others that define an allocator, which LD_PRELOAD can put before the shim, the calls that were found to lead
 * elsewhere. Nothing where the process does not have the shim mapped: then every call leads elsewhere.
 */
export function bindingsOf(
  objects: Objects,
  by: MappedBy,
  keys: readonly string[],
  program: string,
): ProcessFacts["bindings"] {
  const mapped = keys.map((key) => ({ key, facts: objects.found.get(key) as ObjectFacts }));
  const shims = mapped.filter(({ facts: { elf } }) => elf !== undefined && !isUnseen(elf) && elf.marker !== undefined);
  const callers = keys.filter((key) => key !== program && objects.cache.get(key)?.slots !== undefined);
  if (shims.length === 0 || callers.length === 0) return [];
  const late = loadedAtRunTime(mapped, program);
  const places = mappingsByKey(objects, by);
  const shim = shims.flatMap(({ key }) => places.get(key) ?? []);
  const request = callers.map((key) => ({
    key,
    slots: objects.cache.get(key)?.slots,
    isLate: late.has(key),
    isDefiner: definesSome(objects.found.get(key)),
  }));
  const found = withMemory(by, (read) =>
    request.flatMap((one) =>
      callsOf(one, places.get(one.key) ?? [], shim, (address, length) => {
        const bytes = read(address, length);
        return isRefused(bytes) || bytes.length < length ? undefined : wordOf(bytes);
      }),
    ),
  );
  if (!isRefused(found)) return found;
  if (late.size === 0 || !callers.some((key) => late.has(key))) return [];
  return { unseen: `its memory cannot be read (${found.errno})`, rootWould: !objects.asRoot };
}

function definesSome(object: ObjectFacts | undefined): boolean {
  const elf = object?.elf;
  return elf !== undefined && !isUnseen(elf) && elf.interposable.length > 0;
}

interface Caller {
  readonly key: string;
  readonly slots: Seen<KnownSlots> | undefined;
  readonly isLate: boolean;
  readonly isDefiner: boolean;
}

type ReadWord = (address: bigint, length: number) => bigint | undefined;

function callsOf(
  { key, slots, isLate, isDefiner }: Caller,
  mappings: readonly Mapping[],
  shim: readonly Mapping[],
  read: ReadWord,
): Binding[] {
  if (slots === undefined) return [];
  if (isUnseen(slots)) return isLate ? [{ object: key, symbol: "*", leadsTo: slots }] : [];
  const copies = copiesOf(mappings, slots.firstLoad, slots.firstOffset).filter(({ base }) =>
    slots.slots.every(({ address }) => isWithin(mappings, base + BigInt(address))),
  );
  const isSure = !isLate && copies.length <= 1;
  if (isSure && !isDefiner) return [];
  const symbols = [...new Set(slots.slots.map(({ symbol }) => symbol))];
  const found = symbols.map((symbol): Binding => {
    const each = slots.slots
      .filter((slot) => slot.symbol === symbol)
      .flatMap(({ address, bytes, initial }) =>
        copies.map((copy) => {
          const word = read(copy.base + BigInt(address), bytes);
          return word === undefined ? NO_WORD : leadsTo(word, initial, copy, shim);
        }),
      );
    return { object: key, symbol, leadsTo: worst(each) ?? NO_WORD };
  });
  // A call that nobody has made yet will lead to the shim, as far as anything here can tell.
  return isSure ? found.filter((binding) => binding.leadsTo === "other") : found;
}

const NO_WORD: Unseen = { unseen: "its place in memory was not found", rootWould: false };

/** Only of files that are mapped to run code from; all their mappings. */
export function mappingsByKey(objects: Objects, by: MappedBy): ReadonlyMap<string, readonly Mapping[]> {
  const mappings: Mapping[] = [];
  readLines(`${by.folder}/maps`, (lines) => {
    mappings.push(...parseMaps(lines));
    return undefined;
  });
  const named = (mapping: Mapping): string =>
    mapping.file === undefined ? "" : `${mapping.file.device} ${mapping.file.inode} ${mapping.file.path}`;
  const keys = new Map<string, string>();
  for (const mapping of mappings) {
    if (!mapping.executable || mapping.file === undefined || keys.has(named(mapping))) continue;
    const key = keyOfMapped(objects, by, named(mapping), () => mapping.range);
    if (!isRefused(key)) keys.set(named(mapping), key);
  }
  const byKey = new Map<string, Mapping[]>();
  for (const mapping of mappings) {
    const key = keys.get(named(mapping));
    if (key === undefined) continue;
    const others = byKey.get(key);
    if (others === undefined) byKey.set(key, [mapping]);
    else others.push(mapping);
  }
  return byKey;
}
