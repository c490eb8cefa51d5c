// Which of the files that a process has mapped came after its start, by dlopen, and may bind past a preloaded library.

import { isUnseen } from "../../../core/seen.ts";
import { fileName } from "../../../core/text.ts";
import type { ElfFacts, ObjectFacts } from "../../../coverage/facts.ts";

export interface MappedObject {
  readonly key: string;
  readonly facts: ObjectFacts;
}

/** musl's loader is its libc, and is mapped by that name. */
const MUSL_LOADER = /^ld-musl-.*\.so/;
const MUSL_LIBC = "libc.so";

/**
 * Keys of the objects that are not in the closure of what `executable`, a key as well, needs. The loader and the shim
 * count as loaded at the start. A library that LD_PRELOAD named counts as late, since nothing in memory tells the
 * difference, and so do several files of one name, of which only one was loaded at the start.
 */
export function loadedAtRunTime(objects: readonly MappedObject[], executable: string): ReadonlySet<string> {
  const byName = namesOf(objects);
  const program = objects.find(({ key }) => key === executable);
  const early = new Set<string>();
  const queue: MappedObject[] = program === undefined ? [] : [program];
  // The queue grows while it is gone through.
  for (const { key, facts } of queue) {
    if (early.has(key)) continue;
    early.add(key);
    const elf = elfOf(facts);
    if (elf === undefined) continue;
    for (const name of [...elf.needed, ...(key === executable ? loaderNames(elf) : [])]) {
      const candidates = byName.get(fileName(name)) ?? [];
      if (candidates.length === 1) queue.push(...candidates);
    }
  }
  const late = objects.filter(({ key, facts }) => {
    return !early.has(key) && facts.elf !== undefined && elfOf(facts)?.marker === undefined;
  });
  return new Set(late.map(({ key }) => key));
}

/** Each object under its soname and under the name of its file. */
function namesOf(objects: readonly MappedObject[]): ReadonlyMap<string, readonly MappedObject[]> {
  const byName = new Map<string, MappedObject[]>();
  for (const object of objects) {
    const soname = elfOf(object.facts)?.soname;
    const names = [fileName(object.facts.path), ...(soname === undefined ? [] : [fileName(soname)])];
    for (const name of new Set(names)) {
      const others = byName.get(name);
      if (others === undefined) byName.set(name, [object]);
      else others.push(object);
    }
  }
  return byName;
}

function loaderNames({ interpreter }: ElfFacts): readonly string[] {
  if (interpreter === undefined) return [];
  return MUSL_LOADER.test(fileName(interpreter)) ? [interpreter, MUSL_LIBC] : [interpreter];
}

function elfOf({ elf }: ObjectFacts): ElfFacts | undefined {
  return elf === undefined || isUnseen(elf) ? undefined : elf;
}
