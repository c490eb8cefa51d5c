// Whether an object hands out privileged ports by itself, and by which functions.
import { isAllocating, isReplaced, symbolParts } from "./allocators.ts";
import type { ElfFacts } from "./facts.ts";

/**
 * The names, without versions, by which this object allocates: those that it calls, and those of its own that it calls
 * itself. Empty for glibc's libc, which defines them in every process for others to call, and for the shim.
 */
export function allocates(elf: ElfFacts): readonly string[] {
  if (elf.marker !== undefined || isGlibc(elf)) return [];
  const contains = Array.isArray(elf.contains) ? (elf.contains as readonly string[]) : [];
  // Who defines some and has no slot for any is bound to its own (-Bsymbolic).
  const own = elf.interposable.length > 0 ? elf.interposable : elf.defines;
  const symbols = [...elf.calls, ...own, ...contains].map(symbolParts);
  return [...new Set(symbols.filter(({ name, version }) => isAllocating(name, version)).map(({ name }) => name))];
}

/** The soname is what every program asks for; a program that calls itself so is not started by one. */
export function isGlibc({ soname, isProgram }: ElfFacts): boolean {
  return !isProgram && soname !== undefined && /^libc\.so\.6(\.1)?$/.test(soname);
}

/** Whether it has a function that the shim replaces, for others to call. */
export function definesReplaced(elf: Pick<ElfFacts, "defines"> | undefined): boolean {
  return elf?.defines.some(isReplaced) === true;
}
