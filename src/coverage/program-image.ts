// What a process or a program is made of, and by which functions it allocates.

import { isUnseen, type Seen, type Unseen } from "../core/seen.ts";
import { compareText, unique } from "../core/text.ts";
import { allocates } from "./allocating.ts";
import { isHiddenCaller, replacedAmong, symbolParts } from "./allocators.ts";
import type { ElfFacts, HostFacts, ObjectFacts } from "./facts.ts";
import { isKnownHarmless, knownBy } from "./known-programs.ts";
import { shownFileName } from "./names.ts";

/** A file of machine code, or one that may be. */
export interface Part {
  readonly isExecutable: boolean;
  readonly key: string | undefined;
  readonly path: string;
  readonly elf: Seen<ElfFacts>;
  /** It is there to come before others, not because somebody calls it: see lookup-order.ts. */
  readonly isPreloaded?: boolean;
}

export interface ProgramImage {
  /** The path of the program, where it is known. */
  readonly path: string | undefined;
  readonly program: ElfFacts | undefined;
  /** All but the shim. */
  readonly parts: readonly Part[];
  readonly shims: readonly Part[];
  /** The functions by which it allocates. Empty: none is known. */
  readonly via: readonly string[];
  /** By what it is known as a program that calls bind() itself. */
  readonly known: string | undefined;
}

/** The files of a process, by their keys. */
export function partsOf(
  keys: readonly string[],
  objects: HostFacts["objects"],
  executable: string | undefined,
  preloaded: ReadonlySet<string> = new Set(),
): Part[] {
  const find = (key: string): ObjectFacts | undefined => (Object.hasOwn(objects, key) ? objects[key] : undefined);
  const program = executable ?? keys.find((key) => isLikeProgram(find(key)));
  return keys.flatMap((key) => {
    const object = find(key);
    const { path, elf } = object ?? { path: key, elf: { unseen: "it is gone", rootWould: false } };
    const isPreloaded = preloaded.has(key);
    return elf === undefined ? [] : [{ isExecutable: key === program, key, path, elf, isPreloaded }];
  });
}

/** Some libraries can be run as well: they have a name for the loader. */
function isLikeProgram(object: ObjectFacts | undefined): boolean {
  const elf = object?.elf;
  return elf !== undefined && !isUnseen(elf) && elf.isProgram && elf.soname === undefined;
}

/** The program, then its libraries. */
export function partsToLoad(objects: readonly ObjectFacts[]): Part[] {
  return objects.flatMap(({ path, elf }, index) =>
    elf === undefined ? [] : [{ isExecutable: index === 0, key: undefined, path, elf }],
  );
}

/** `isOurs`: whether a key is that of a shim, which need not be readable to be one. */
export function describeImage(
  path: string | undefined,
  all: readonly Part[],
  isOurs: (key: string) => boolean,
): ProgramImage {
  const isShim = ({ isExecutable, key, elf }: Part): boolean =>
    (key !== undefined && isOurs(key)) || (!isUnseen(elf) && !isExecutable && elf.marker !== undefined);
  const parts = all.filter((part) => !isShim(part));
  const elfs = elfsOf(parts);
  const program = elfsOf(all.filter(({ isExecutable }) => isExecutable))[0];
  const known = knownBy(
    path,
    elfs.flatMap(({ soname }) => soname ?? []),
  );
  const calling = elfsOf(parts.filter(({ isPreloaded }) => isPreloaded !== true)).flatMap(namesIn);
  const passing = elfsOf(parts.filter(({ isPreloaded }) => isPreloaded === true)).flatMap(namesPassed);
  const via = unique([...calling, ...passing, ...(known === undefined ? [] : ["bind"])]).sort(compareText);
  return { path, program, parts, shims: all.filter(isShim), via, known };
}

const JUDGED = new WeakMap<ObjectFacts, boolean>();

/**
 * Whether a process with this file could be an allocator, by what is in the file; a file is judged once, however many
 * processes have it. False is certain.
 */
export function mayAllocate(object: ObjectFacts): boolean {
  const known = JUDGED.get(object);
  if (known !== undefined) return known;
  const { elf } = object;
  const may =
    elf !== undefined &&
    (isUnseen(elf) ||
      elf.isStatic ||
      elf.goBinds === true ||
      elf.marker !== undefined ||
      allocates(elf).length > 0 ||
      knownBy(undefined, elf.soname === undefined ? [] : [elf.soname]) !== undefined);
  JUDGED.set(object, may);
  return may;
}

/**
 * Whether the loader has not come to the program's libraries yet, and so maybe not to what is preloaded either, which it maps
 * before them. `objects`: all that the process has mapped. What cannot be read could be one of the libraries.
 */
export function isBeingLoaded(program: ObjectFacts | undefined, objects: readonly ObjectFacts[]): boolean {
  const elf = program?.elf;
  if (elf === undefined || isUnseen(elf) || elf.needed.length === 0) return false;
  return objects.every((object) => {
    if (object === program || object.elf === undefined) return true;
    if (isUnseen(object.elf)) return false;
    return !elf.needed.includes(object.elf.soname ?? shownFileName(object.path));
  });
}

/** A static program, or one in Go that can take ports: it may allocate or not, and nothing in it tells. */
export function isIndeterminate({ path, program, via }: ProgramImage): boolean {
  if (via.length > 0 || program === undefined || isKnownHarmless(path)) return false;
  return program.isGo ? program.goBinds === true : program.isStatic && isUnseen(program.contains);
}

/** The first file that could not be read. */
export function unreadable(parts: readonly Part[]): { readonly path: string; readonly why: Unseen } | undefined {
  for (const { path, elf } of parts) if (isUnseen(elf)) return { path, why: elf };
  return undefined;
}

/** Why no preloaded library can reach all of its allocators: words after "not covered: ". */
export function beyondPreload({
  parts,
  known,
}: ProgramImage): { readonly reason: string; readonly hint: string } | undefined {
  if (known !== undefined) {
    return {
      reason: `'${known}' is known to call bind() itself, which no preload reaches`,
      hint: "give it other ports by its own settings, or a network of its own",
    };
  }
  for (const { isExecutable, path, elf, isPreloaded } of parts) {
    if (isUnseen(elf)) continue;
    const whose = isExecutable ? "" : `its '${shownFileName(path)}' `;
    const call = elf.calls.find(isHidden);
    if (call !== undefined) {
      return {
        reason: `${whose}calls ${symbolParts(call).name}, which no preload reaches`,
        hint: "replace it by a newer program",
      };
    }
    const bound = isPreloaded === true ? undefined : selfBound(elf, isExecutable);
    if (bound === undefined) continue;
    return isExecutable
      ? { reason: `has a ${bound} of its own, which comes before any preload`, hint: "use a build without it" }
      : {
          reason: `${whose}calls its own functions (-Bsymbolic)`,
          hint: "use a build of the library without -Bsymbolic-functions",
        };
  }
  return undefined;
}

function isHidden(call: string): boolean {
  const { name, version } = symbolParts(call);
  return isHiddenCaller(name, version);
}

/** What the program itself defines comes before any preload. libc calls its own too, but only from what isHidden() knows. */
function selfBound({ soname, defines, interposable }: ElfFacts, isExecutable: boolean): string | undefined {
  const own = replacedAmong(defines);
  if (isExecutable) return own;
  return interposable.length > 0 || /^libc\.so\.6/.test(soname ?? "") ? undefined : own;
}

/** One library is in a thousand processes. */
const namesOf = new WeakMap<ElfFacts, readonly string[]>();

/** Whatever says that it is the shim and is not loaded as such is a program like any other. */
function namesIn(elf: ElfFacts): readonly string[] {
  const before = namesOf.get(elf);
  if (before !== undefined) return before;
  const names = allocates(elf.marker === undefined ? elf : { ...elf, marker: undefined });
  namesOf.set(elf, names);
  return names;
}

/** Of what was preloaded: what it calls of others, and its own where it may call that. */
function namesPassed(elf: ElfFacts): readonly string[] {
  return allocates({ ...elf, marker: undefined, defines: elf.mayCallOwn === true ? elf.defines : [] });
}

function elfsOf(parts: readonly Part[]): ElfFacts[] {
  return parts.flatMap(({ elf }) => (isUnseen(elf) ? [] : [elf]));
}
