// Programs that do not run now and can allocate once they do: those of units, and privileged ones that anybody may start.

import { oncePerText } from "../../core/once.ts";
import { isUnseen } from "../../core/seen.ts";
import type { ObjectFacts, ProcessFacts, ProgramFacts } from "../../coverage/facts.ts";
import { knownBy } from "../../coverage/known-programs.ts";
import { mayAllocate } from "../../coverage/program-image.ts";
import type { UnitFacts } from "../../coverage/unit-facts.ts";
import { LIBRARY_FOLDERS } from "../../system/paths.ts";
import { isRefused } from "../../system/proc/process-files.ts";
import { deniedLater } from "../apparmor/read-denied.ts";
import { fileIdentity, withFile } from "../processes/read-mapped-file.ts";
import { givesPrivilegedPorts } from "./file-capabilities.ts";
import { type KnownFile, knownOf, type ObjectCache } from "./known-file.ts";
import { closure } from "./loader/closure.ts";
import { type Library, reachesWanted } from "./loader/reaches.ts";
import { loaderCacheOf } from "./loader/read-loader-cache.ts";
import { whyPathSilent } from "./read-path-answers.ts";
import { realPathOf, trustedPrograms } from "./read-programs-on-disk.ts";

/** The programs of the processes that were seen in a unit, by its id. */
export type RunningIn = ReadonlyMap<string, readonly ProcessFacts["program"][]>;

/** In no order; a program that several units start is there for each. */
export function observePrograms(
  units: readonly UnitFacts[],
  running: RunningIn,
  kept: ObjectCache,
): readonly ProgramFacts[] {
  // Most services start one of a few programs.
  const realOf = oncePerText(realPathOf);
  const objectsOf = oncePerText(programLooker(kept, realOf));
  const ofUnits = units
    .filter(({ loadState }) => loadState === "loaded")
    .flatMap((unit) => {
      const { id, programs, helpers = [], profile } = unit;
      const startable = [...programs.filter((path) => !runs(unit, realOf(path) ?? path, path, running)), ...helpers];
      const byFile = new Map(startable.map((path) => [realOf(path) ?? path, path] as const).reverse());
      return [...byFile.values()].reverse().map((path) => ({
        path,
        unit: id,
        privileged: false,
        profile,
      }));
    });
  const unread = units.flatMap(({ id, unread: why }): ProgramFacts[] =>
    why === undefined ? [] : [{ path: id, unit: id, privileged: false, objects: [{ path: id, elf: why }] }],
  );
  const ofAnybody = trustedPrograms()
    .filter(({ isSetuidRoot, capabilities }) => isSetuidRoot || givesPrivilegedPorts(capabilities))
    .map(({ path }) => ({ path, unit: undefined, privileged: true, profile: undefined }));
  const deniedTo = deniedLater();
  const found = [...ofUnits, ...ofAnybody].flatMap(({ profile, ...program }): ProgramFacts[] => {
    const silent = whyPathSilent(program.path);
    if (silent !== undefined) return [{ ...program, objects: [{ path: program.path, elf: silent }] }];
    const objects = objectsOf(program.path);
    if (objects.length === 0) return [];
    const denied = deniedTo(realOf(program.path) ?? program.path, profile);
    return [{ ...program, ...(denied === undefined ? {} : { denied }), objects }];
  });
  return [...found, ...unread];
}

/**
 * What runs of a unit is judged as a process; what else it starts, beside that or when its script comes to it, is still to
 * come. Where the program of one of its processes cannot be seen, it may be any of them.
 */
function runs({ mainPid, names }: UnitFacts, real: string, path: string, running: RunningIn): boolean {
  const seen = names.flatMap((name) => running.get(name) ?? []);
  if (seen.length === 0) return mainPid !== undefined;
  return seen.some((program) => isUnseen(program) || [path, real, `${real} (deleted)`].includes(program));
}

/** What may not be looked into could be one, but a missing library keeps the program from starting. */
function isWorthTelling(object: ObjectFacts): boolean {
  const { elf } = object;
  if (elf === undefined) return false;
  return isUnseen(elf) ? elf.rootWould : mayAllocate(object) || knownBy(object.path, []) !== undefined;
}

/** A file by one of its names; `isWanted`: whether a program that has it is worth telling of. */
type Known = Library & Pick<KnownFile, "elf">;

/**
 * Each file is opened once, however many programs need it. Empty for what is no program, and for one that is not worth
 * telling of.
 */
function programLooker(
  kept: ObjectCache,
  realOf: (path: string) => string | undefined,
): (path: string) => readonly ObjectFacts[] {
  const known = new Map<string, ReturnType<typeof readProgram>>();
  const paths = new Map<string, Known>();
  const knownAt = (path: string): Known => {
    const before = paths.get(path);
    if (before !== undefined) return before;
    const real = realOf(path);
    const now = real === undefined ? NOTHING : (known.get(real) ?? readProgram(real, kept));
    if (real !== undefined) known.set(real, now);
    const named = { file: now.loader, elf: now.elf, isWanted: isWorthTelling({ path, elf: now.elf }) };
    paths.set(path, named);
    return named;
  };
  const cache = loaderCacheOf("/");
  const mayAllocate = reachesWanted(knownAt, cache, LIBRARY_FOLDERS);
  return (path) => {
    const real = realOf(path);
    if (real === undefined) return [];
    const { file, elf } = knownAt(real);
    const isWanted = isWorthTelling({ path, elf });
    if (file === undefined) return isWanted ? [{ path, elf }] : [];
    if (!mayAllocate(real)) return [];
    const found = closure(real, (name) => knownAt(name).file, cache, LIBRARY_FOLDERS);
    if (isUnseen(found)) {
      const both = [
        { path, elf },
        { path, elf: found },
      ];
      return both.some(isWorthTelling) ? both : [];
    }
    if (!isWanted && !found.paths.slice(1).some((name) => knownAt(name).isWanted)) return [];
    return [
      { path, elf },
      ...found.paths.slice(1).map((name) => ({ path: name, elf: knownAt(name).elf })),
      ...found.missing.map((name) => ({ path: name, elf: { unseen: "it is not found", rootWould: false } })),
    ];
  };
}

const NOTHING: Pick<KnownFile, "loader" | "elf"> = { loader: undefined, elf: undefined };

/** `real`: without links. */
function readProgram(real: string, kept: ObjectCache): Pick<KnownFile, "loader" | "elf"> {
  const identity = fileIdentity(real);
  const before = isRefused(identity) ? undefined : kept.get(identity.key, identity.version);
  if (before !== undefined) return before;
  const read = withFile(real, false, (open) => {
    const { key, version, owner } = open.identity;
    const now = knownOf(open, version, owner);
    kept.put(key, now);
    return now;
  });
  if (!isRefused(read)) return read;
  const denied = read.errno === "EACCES" || read.errno === "EPERM";
  return { loader: undefined, elf: denied ? { unseen: "its file may not be read", rootWould: true } : undefined };
}
