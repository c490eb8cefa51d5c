// The bytes of a mapped file to what coverage wants to know of it: which allocators it calls, and through which slots.

import { MARKER } from "../../core/elf/abi-compat.ts";
import { hasGoFunction } from "../../core/elf/go-functions.ts";
import { type KnownSymbol, knownSymbols } from "../../core/elf/known-symbols.ts";
import { machineName } from "../../core/elf/machine.ts";
import { readElf, withVersions } from "../../core/elf/read-elf.ts";
import { definedNames, hasNote } from "../../core/elf/static-names.ts";
import { symbols } from "../../core/elf/symbols.ts";
import type { ElfFault, ElfFile, ElfSource } from "../../core/elf/types.ts";
import { isUnseen, type Seen, type Unseen } from "../../core/seen.ts";
import { ALLOCATOR_NAMES, isAllocating, isReplaced, REPLACED } from "../../coverage/allocators.ts";
import type { ElfFacts } from "../../coverage/facts.ts";

const WANTED: ReadonlySet<string> = new Set([...ALLOCATOR_NAMES, MARKER]);

/** The type of the note by Go's linker, whose owner is "Go". */
export const GO_BUILD_ID = 4;
/** By which everything in Go takes a port: the package net, and who uses sockets without it. */
const GO_BINDS = ["syscall.Bind", "golang.org/x/sys/unix.Bind"];

/** Through which words of its memory an object's calls of allocators go. Addresses are the file's own. */
export interface ObjectSlots {
  readonly slots: readonly Slot[];
  /** The file's bytes from `firstOffset` on, usually 0, are at address `firstLoad`. Both are multiples of 4096. */
  readonly firstLoad: number;
  readonly firstOffset: number;
}

export interface Slot {
  /** As `calls` or `interposable` of ElfFacts has it: with its version. */
  readonly symbol: string;
  /** A virtual address; in a process: (start of the mapping of `firstOffset`) - firstLoad + address. */
  readonly address: number;
  readonly bytes: 4 | 8;
}

/** Undefined for what is no ELF file. Never throws, unless the source does. */
export function elfFacts(source: ElfSource): ElfFacts | Unseen | undefined {
  return fileAndFacts(source).elf;
}

/** What `elfFacts` says, and the file that it has read for it, without its versions. */
export function fileAndFacts(source: ElfSource): {
  readonly file: ElfFile | undefined;
  readonly elf: ElfFacts | Unseen | undefined;
} {
  const read = allocatorsOf(source);
  return read === undefined || isUnseen(read)
    ? { file: undefined, elf: read }
    : { file: read.file, elf: factsOf(read) };
}

function factsOf({ file, found, marker }: Allocators): ElfFacts {
  const isProgram = file.type === "executable" || file.isPie || (file.interpreter !== undefined && !file.soname);
  const isStatic = isProgram && file.isStatic;
  const isGo = isProgram && hasNote(file, "Go", GO_BUILD_ID) === true;
  return {
    abi: machineName(file),
    isProgram,
    isStatic,
    interpreter: file.interpreter,
    soname: file.soname,
    needed: file.needed,
    calls: names(found.filter(({ defined }) => !defined)),
    defines: names(found.filter(({ defined }) => defined)),
    interposable: names(found.filter((symbol) => isInterposable(symbol, file))),
    contains: isStatic ? containsOf(file) : undefined,
    isGo,
    // What cannot be told counts as there.
    ...(isGo && hasGoFunction(file, GO_BINDS) !== false ? { goBinds: true } : {}),
    ...(!isLibc(file) && isBoundToOwn(found, file) && definesOthers(file) ? { mayCallOwn: true } : {}),
    marker,
  };
}

/** Also those of its own allocators that it calls through a slot: they too lead elsewhere when something interposes. */
export function slotsOf(source: ElfSource): ObjectSlots | Unseen | undefined {
  const read = allocatorsOf(source);
  if (read === undefined || isUnseen(read)) return read;
  const { file, found } = read;
  if (!read.slotsKnown) return { unseen: `the slots of ${machineName(file)} are not known`, rootWould: false };
  const { address, offset } = file.image.loads[0] ?? { address: 0, offset: 0 };
  const used = found.filter((symbol) => !symbol.defined || isInterposable(symbol, file));
  return {
    slots: used.flatMap((symbol) =>
      symbol.slots.map((slot) => ({ symbol: nameOf(symbol), address: slot, bytes: file.bits === 64 ? 8 : 4 }) as const),
    ),
    firstLoad: address - (address % 4096),
    firstOffset: offset - (offset % 4096),
  };
}

interface Allocators {
  readonly file: ElfFile;
  readonly found: readonly KnownSymbol[];
  readonly slotsKnown: boolean;
  readonly marker: string | undefined;
}

function allocatorsOf(source: ElfSource): Allocators | Unseen | undefined {
  const quick = readElf(source, "without versions");
  if ("fault" in quick) return quick.fault === "not-elf" ? undefined : unseen(quick);
  const names = knownSymbols(quick, WANTED);
  // Most files have none of the names, and so no version to look up.
  const hasNone = !("fault" in names) && names.symbols.length === 0;
  const file = hasNone ? quick : withVersions(quick);
  if ("fault" in file) return unseen(file);
  const known = hasNone ? names : knownSymbols(file, WANTED);
  if ("fault" in known) return unseen(known);
  const marker = known.symbols.find(({ name, text }) => name === MARKER && text !== undefined)?.text;
  return {
    file,
    found: known.symbols.filter(isAllocator),
    slotsKnown: known.slotsKnown,
    marker: marker !== undefined && /^[ -~]+$/.test(marker) ? marker : undefined,
  };
}

function isAllocator({ name, version }: KnownSymbol): boolean {
  return name !== MARKER && isAllocating(name, version);
}

/** glibc's or musl's, which is its loader too. */
function isLibc({ soname, interpreter }: ElfFile): boolean {
  return interpreter === undefined
    ? /^libc\.(so\.6|musl-.*)/.test(soname ?? "") || soname === "libc.so"
    : /^libc\.so\.6/.test(soname ?? "");
}

function isInterposable({ defined, slots }: KnownSymbol, file: ElfFile): boolean {
  return defined && slots.length > 0 && !file.isSymbolic;
}

/** Some of its allocators are there for others, and none goes through a slot. */
function isBoundToOwn(found: readonly KnownSymbol[], file: ElfFile): boolean {
  const defined = found.filter((symbol) => symbol.defined);
  return defined.length > 0 && !defined.some((symbol) => isInterposable(symbol, file));
}

/** Also where that cannot be told. */
function definesOthers(file: ElfFile): boolean {
  const all = symbols(file);
  if ("fault" in all) return true;
  return all.some(
    ({ name, defined, kind }) => defined && (kind === "function" || kind === "ifunc") && !isReplaced(name),
  );
}

function containsOf(file: ElfFile): Seen<readonly string[]> {
  const found = definedNames(file, REPLACED);
  if (found === undefined) return { unseen: "it has no symbol table", rootWould: false };
  return "fault" in found ? unseen(found) : found;
}

function nameOf({ name, version }: KnownSymbol): string {
  return version === undefined ? name : `${name}@${version}`;
}

function names(found: readonly KnownSymbol[]): readonly string[] {
  return [...new Set(found.map(nameOf))].sort();
}

function unseen({ reason }: ElfFault): Unseen {
  return { unseen: `its file ${reason}`, rootWould: false };
}
