// What is kept of a file, so that it is read once however many processes and programs have to do with it.
import { initialWords } from "../../core/elf/initial-words.ts";
import type { ElfFile, ElfSource } from "../../core/elf/types.ts";
import { isUnseen, type Seen } from "../../core/seen.ts";
import { isReplaced } from "../../coverage/allocators.ts";
import type { ObjectFacts } from "../../coverage/facts.ts";
import { fileAndFacts, type Slot, slotsOf } from "./elf-facts.ts";

/** A word through which an allocator is called, and what the file has in it before the loader writes there. */
export interface KnownSlot extends Slot {
  readonly initial: bigint | undefined;
}

export interface KnownSlots {
  readonly slots: readonly KnownSlot[];
  readonly firstLoad: number;
  readonly firstOffset: number;
}

/** What decides which libraries the loader finds for a file, and for which programs it finds it. */
export type LoaderFacts = Pick<
  ElfFile,
  "bits" | "byteOrder" | "machine" | "interpreter" | "needed" | "soname" | "rpath" | "runpath"
>;

export interface KnownFile {
  /** As FileIdentity has it: different after each change of the file. */
  readonly version: string;
  /** The number of its user. */
  readonly owner: number;
  /** Undefined for what is no ELF file that can be read. */
  readonly loader: LoaderFacts | undefined;
  readonly elf: ObjectFacts["elf"];
  /** Of objects that call a function which the shim replaces. */
  readonly slots: Seen<KnownSlots> | undefined;
}

/** What was read of files, by the key of their identity. One that outlives a look makes the next one faster. */
export interface ObjectCache {
  /** Undefined also for a file that is of another version by now, where that is asked for. */
  get(key: string, version?: string): KnownFile | undefined;
  put(key: string, known: KnownFile): void;
  /** Forgets what nobody has asked for since the last time. `isChanged`: what is left is not what there was. */
  settle(): { readonly files: ReadonlyMap<string, KnownFile>; readonly isChanged: boolean };
}

export function objectCache(kept: Iterable<readonly [string, KnownFile]> = []): ObjectCache {
  const files = new Map(kept);
  const used = new Set<string>();
  let isChanged = false;
  return {
    get: (key, version) => {
      used.add(key);
      const known = files.get(key);
      return version === undefined || known?.version === version ? known : undefined;
    },
    put: (key, known) => {
      used.add(key);
      files.set(key, known);
      isChanged = true;
    },
    settle: () => {
      for (const key of files.keys()) if (!used.has(key) && files.delete(key)) isChanged = true;
      const settled = { files, isChanged };
      used.clear();
      isChanged = false;
      return settled;
    },
  };
}

export function knownOf(source: ElfSource, version: string, owner: number): KnownFile {
  const { file, elf } = fileAndFacts(source);
  const loader = file === undefined ? undefined : loaderFacts(file);
  const isCalling = elf !== undefined && !isUnseen(elf) && [...elf.calls, ...elf.interposable].some(isReplaced);
  const slots = isCalling && elf.marker === undefined ? knownSlots(source) : undefined;
  return { version, owner, loader, elf, slots };
}

function loaderFacts({ bits, byteOrder, machine, interpreter, needed, soname, rpath, runpath }: ElfFile): LoaderFacts {
  return {
    bits,
    byteOrder,
    machine,
    needed,
    ...(interpreter === undefined ? {} : { interpreter }),
    ...(soname === undefined ? {} : { soname }),
    ...(rpath === undefined ? {} : { rpath }),
    ...(runpath === undefined ? {} : { runpath }),
  };
}

function knownSlots(source: ElfSource): Seen<KnownSlots> | undefined {
  const found = slotsOf(source);
  if (found === undefined || isUnseen(found)) return found;
  const ours = found.slots.filter(({ symbol }) => isReplaced(symbol));
  const initial = initialWords(source, ours);
  return { ...found, slots: ours.map((slot, index) => ({ ...slot, initial: initial[index] })) };
}
