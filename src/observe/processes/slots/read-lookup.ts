// In which order the loader of a process looks for the functions that several of its files define.
import { wordOf } from "../../../core/elf/initial-words.ts";
import { isUnseen, type Seen, type Unseen } from "../../../core/seen.ts";
import { definesReplaced, isGlibc } from "../../../coverage/allocating.ts";
import type { ElfFacts } from "../../../coverage/facts.ts";
import { isRefused, readBytes } from "../../../system/proc/process-files.ts";
import { headersOfAuxv } from "../auxv.ts";
import { withMemory } from "../read-mapped-file.ts";
import type { MappedBy, Objects } from "../read-mapped-objects.ts";
import { loadedInOrder } from "./link-map.ts";
import { mappingsByKey } from "./read-bindings.ts";
import { isWithin } from "./slot-target.ts";

/** Undefined where no order matters: see `lookup` of ProcessFacts. `program`: the key of it. */
export function lookupOf(
  objects: Objects,
  by: MappedBy,
  keys: readonly string[],
  program: string,
): Seen<readonly string[]> | undefined {
  const definers = keys.flatMap((key) => {
    const elf = objects.found.get(key)?.elf;
    const known = key === program || elf === undefined || isUnseen(elf) ? undefined : elf;
    return known !== undefined && (known.marker !== undefined || definesReplaced(known)) ? [{ key, elf: known }] : [];
  });
  if (!isOrderOfInterest(definers.map(({ elf }) => elf))) return undefined;
  const auxv = readBytes(`${by.folder}/auxv`);
  const headers = isRefused(auxv) ? undefined : headersOfAuxv(auxv);
  if (headers === undefined) return outOfReach(objects);
  const found = withMemory(by, (read) =>
    loadedInOrder(headers, (address) => {
      const bytes = read(address, headers.word);
      return isRefused(bytes) || bytes.length < headers.word ? undefined : wordOf(bytes);
    }),
  );
  if (found === undefined || isRefused(found)) return outOfReach(objects);
  const places = mappingsByKey(objects, by);
  return found.flatMap((section) =>
    definers.filter(({ key }) => isWithin(places.get(key) ?? [], section)).map(({ key }) => key),
  );
}

/** What binds to its own functions may be there for others to call, or only to come before them. */
function isOrderOfInterest(definers: readonly ElfFacts[]): boolean {
  // The shim and its twin: what it gets depends on which of them comes first.
  if (definers.filter((elf) => elf.marker !== undefined).length > 1) return true;
  const others = definers.filter((elf) => elf.marker === undefined && !isGlibc(elf));
  if (others.length === 0) return false;
  return others.length < definers.filter((elf) => !isGlibc(elf)).length || others.some(isBoundToOwn);
}

function isBoundToOwn({ interposable }: ElfFacts): boolean {
  return interposable.length === 0;
}

function outOfReach({ asRoot }: Objects): Unseen {
  return { unseen: "the loader's list in its memory cannot be read", rootWould: !asRoot };
}
