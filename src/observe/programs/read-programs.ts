// Programs that do not run now and can allocate once they do: those of units, and privileged ones that anybody may start.

import type { ElfFile } from "../../core/elf/index.ts";
import { isUnseen, type Seen } from "../../core/seen.ts";
import type { ElfFacts, ObjectFacts, ProgramFacts } from "../../coverage/facts.ts";
import { knownBy } from "../../coverage/known-programs.ts";
import { mayAllocate } from "../../coverage/program-image.ts";
import type { UnitFacts } from "../../coverage/unit-facts.ts";
import { isFault, readRegularFile } from "../../system/files/read-file.ts";
import { LIBRARY_FOLDERS, LOADER_CACHE } from "../../system/paths.ts";
import { isRefused } from "../../system/proc/process-files.ts";
import { deniedLater } from "../apparmor/read-denied.ts";
import { withFile } from "../processes/read-mapped-file.ts";
import { fileAndFacts } from "./elf-facts.ts";
import { givesPrivilegedPorts } from "./file-capabilities.ts";
import { type LoaderCache, readLoaderCache } from "./loader/cache.ts";
import { closure } from "./loader/closure.ts";
import { reachesWanted } from "./loader/reaches.ts";
import { whyPathSilent } from "./read-path-answers.ts";
import { realPathOf, trustedPrograms } from "./read-programs-on-disk.ts";

/** `running`: ids of the units that a process was seen in. In no order; a program that several units start is there for each. */
export function observePrograms(units: readonly UnitFacts[], running: ReadonlySet<string>): readonly ProgramFacts[] {
  const objectsOf = programLooker();
  const ofUnits = units
    .filter(({ loadState }) => loadState === "loaded")
    .flatMap((unit) => {
      const { id, programs, helpers = [], profile } = unit;
      const startable = [...(runs(unit, running) ? [] : programs), ...helpers];
      const byFile = new Map(startable.map((path) => [realPathOf(path) ?? path, path] as const).reverse());
      return [...byFile.values()].reverse().map((path) => ({
        path,
        unit: id,
        privileged: false,
        profile,
      }));
    });
  const ofAnybody = trustedPrograms()
    .filter(({ isSetuidRoot, capabilities }) => isSetuidRoot || givesPrivilegedPorts(capabilities))
    .map(({ path }) => ({ path, unit: undefined, privileged: true, profile: undefined }));
  const deniedTo = deniedLater();
  return [...ofUnits, ...ofAnybody].flatMap(({ profile, ...program }): ProgramFacts[] => {
    const silent = whyPathSilent(program.path);
    if (silent !== undefined) return [{ ...program, objects: [{ path: program.path, elf: silent }] }];
    const objects = objectsOf(program.path);
    if (!objects.some(isWorthTelling)) return [];
    const denied = deniedTo(realPathOf(program.path) ?? program.path, profile);
    return [{ ...program, ...(denied === undefined ? {} : { denied }), objects }];
  });
}

/** What runs of it is judged as a process; the programs that it starts beside are still to come. */
function runs({ mainPid, names }: UnitFacts, running: ReadonlySet<string>): boolean {
  return mainPid !== undefined || names.some((name) => running.has(name));
}

/** What may not be looked into could be one, but a missing library keeps the program from starting. */
function isWorthTelling(object: ObjectFacts): boolean {
  const { elf } = object;
  if (elf === undefined) return false;
  return isUnseen(elf) ? elf.rootWould : mayAllocate(object) || knownBy(object.path, []) !== undefined;
}

interface Known {
  readonly file: ElfFile | undefined;
  readonly elf: Seen<ElfFacts> | undefined;
}

/** Each file is opened once, however many programs need it. Empty for what is no program, and for one that cannot allocate. */
function programLooker(): (path: string) => readonly ObjectFacts[] {
  const known = new Map<string, Known>();
  const paths = new Map<string, Known>();
  const knownAt = (path: string): Known => {
    const before = paths.get(path);
    if (before !== undefined) return before;
    const real = realPathOf(path);
    const now = real === undefined ? NOTHING : (known.get(real) ?? readProgram(real));
    if (real !== undefined) known.set(real, now);
    paths.set(path, now);
    return now;
  };
  const cache = loaderCache();
  const mayAllocate = reachesWanted(
    (path) => {
      const { file, elf } = knownAt(path);
      return { file, isWanted: isWorthTelling({ path, elf }) };
    },
    cache,
    LIBRARY_FOLDERS,
  );
  return (path) => {
    const real = realPathOf(path);
    if (real === undefined) return [];
    const { file, elf } = knownAt(real);
    if (file === undefined) return elf === undefined ? [] : [{ path, elf }];
    if (!mayAllocate(real)) return [];
    const found = closure(real, (name) => knownAt(name).file, cache, LIBRARY_FOLDERS);
    if (isUnseen(found))
      return [
        { path, elf },
        { path, elf: found },
      ];
    return [
      { path, elf },
      ...found.paths.slice(1).map((name) => ({ path: name, elf: knownAt(name).elf })),
      ...found.missing.map((name) => ({ path: name, elf: { unseen: "it is not found", rootWould: false } })),
    ];
  };
}

const NOTHING: Known = { file: undefined, elf: undefined };

/** `real`: without links. */
function readProgram(real: string): Known {
  const read = withFile(real, false, fileAndFacts);
  if (!isRefused(read)) return read;
  const denied = read.errno === "EACCES" || read.errno === "EPERM";
  return { file: undefined, elf: denied ? { unseen: "its file may not be read", rootWould: true } : undefined };
}

const CACHE_LIMIT = 64 * 1024 * 1024;

function loaderCache(): LoaderCache | undefined {
  const read = readRegularFile(LOADER_CACHE, CACHE_LIMIT);
  return isFault(read) ? undefined : readLoaderCache(read.bytes);
}
