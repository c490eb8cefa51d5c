// Which of a process's libraries are there to come before others, and for nothing else.
import { isUnseen } from "../core/seen.ts";
import { fileName } from "../core/text.ts";
import { isGlibc } from "./allocating.ts";
import type { ElfFacts, ProcessFacts } from "./facts.ts";
import type { Host } from "./host.ts";
import { shownFileName } from "./names.ts";

/**
 * Keys of what was preloaded, beside the shim: the loader has it before libc, and nothing asks for it by its name. It
 * defines its functions to come before others, and makes no process an allocator.
 */
export function preloadedAmong({ lookup, objects }: ProcessFacts, host: Host): ReadonlySet<string> {
  if (lookup === undefined || isUnseen(lookup) || isUnseen(objects)) return new Set();
  const libc = lookup.findIndex((key) => isGlibcAt(key, host));
  const needed = new Set(objects.flatMap((key) => elfAt(key, host)?.needed ?? []).map(fileName));
  const isNeeded = (key: string): boolean => {
    const soname = elfAt(key, host)?.soname;
    return needed.has(nameAt(key, host)) || (soname !== undefined && needed.has(fileName(soname)));
  };
  const before = libc < 0 ? [] : lookup.slice(0, libc);
  return new Set(before.filter((key) => elfAt(key, host)?.marker === undefined && !isNeeded(key)));
}

/** Undefined also for what cannot be read. */
export function elfAt(key: string, { facts }: Host): ElfFacts | undefined {
  const elf = Object.hasOwn(facts.objects, key) ? facts.objects[key]?.elf : undefined;
  return elf === undefined || isUnseen(elf) ? undefined : elf;
}

function isGlibcAt(key: string, host: Host): boolean {
  const elf = elfAt(key, host);
  return elf !== undefined && isGlibc(elf);
}

export function nameAt(key: string, { facts }: Host): string {
  return shownFileName((Object.hasOwn(facts.objects, key) ? facts.objects[key]?.path : undefined) ?? key);
}
