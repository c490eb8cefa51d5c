// Every service and socket of the host: as systemd has it loaded, and for the others as their files say.
import { once, oncePerText } from "../../core/once.ts";
import type { Seen, Unseen } from "../../core/seen.ts";
import { librariesIn, preloads } from "../../core/systemd/drop-in.ts";
import type { DropInFacts } from "../../core/systemd/drop-in-wanted.ts";
import { fromFiles } from "../../core/systemd/from-files.ts";
import { ASKED_OF_UNITS, fromShow, present } from "../../core/systemd/from-show.ts";
import { hiding, type Mounted, unrunnable } from "../../core/systemd/mounts.ts";
import { otherRootOf, PRESENT_STATES, preloadOf, type Unit } from "../../core/systemd/unit.ts";
import type { UnitFile } from "../../core/systemd/unit-file.ts";
import { templateOf } from "../../core/systemd/unit-name.ts";
import type { UnitFacts } from "../../coverage/unit-facts.ts";
import { namesIn } from "../../system/files/entry.ts";
import { showLoadedUnits, systemdRuns } from "../../system/host/systemd.ts";
import {
  INSTALLED_HIGH,
  INSTALLED_HIGH_FILES,
  INSTALLED_SHARE,
  INSTALLED_SHIM,
  INSTALLED_SHIM_FILES,
  PRELOAD_LIST,
  TABLE_FILE,
  UNIT_FOLDERS,
} from "../../system/paths.ts";
import { mountPoint, programCalled, realPathOf } from "../programs/read-programs-on-disk.ts";
import { type UnitMemory, unitMemory } from "./known-units.ts";
import { dropInsOf, type Folders, faultsOf, givesHighPorts, ourDropIns } from "./read-drop-ins.ts";
import { managerPreload } from "./read-manager-environment.ts";
import { type PowerSources, powerlessFacts, readAccounts } from "./read-powerless.ts";
import { type FoundUnitFile, readUnitText, stampsOf, unitFiles } from "./read-unit-files.ts";
import { readUnitTexts } from "./read-unit-texts.ts";

/** In no order. Unseen where systemd runs and gives no answer. `known`: of earlier looks. */
export function observeUnits(known: UnitMemory = unitMemory(() => false)): Seen<readonly UnitFacts[]> {
  const host = sharedByUnits(known);
  if (!systemdRuns("/")) return writtenUnits(new Set(), host);
  const shown = showLoadedUnits(ASKED_OF_UNITS, PRESENT_STATES);
  if (shown.outcome !== "done") {
    return { unseen: `systemd cannot be asked: ${shown.reason}`, rootWould: process.geteuid?.() !== 0 };
  }
  const loaded = present(fromShow(shown.output)).map((unit) => loadedUnit(unit, host));
  return [...loaded, ...writtenUnits(new Set(loaded.flatMap(({ names }) => names)), host)];
}

/** What does not depend on the unit, looked up once for all of them. */
interface Shared extends PowerSources {
  /** Where the table and the shims really are, and the list by both of its paths. */
  readonly files: readonly string[];
  readonly list: readonly string[];
  /** Asked once, and only where some unit has a drop-in. */
  readonly fromManager: DropInFacts["fromManager"];
  readonly units: UnitMemory;
}

function sharedByUnits(units: UnitMemory): Shared {
  const bySearchPath = oncePerText((folders) =>
    oncePerText((name) => programCalled(name, folders === "" ? [] : folders.split(":")) ?? name),
  );
  return {
    units,
    called: (name, { searchPath }) => bySearchPath(searchPath.join(":"))(name),
    files: [TABLE_FILE, ...INSTALLED_SHIM_FILES].map(realOf),
    list: [PRELOAD_LIST, realOf(PRELOAD_LIST)],
    accounts: once(readAccounts),
    fromManager: once(() => managerPreload("/")),
  };
}

function loadedUnit(unit: Unit, host: Shared): UnitFacts {
  const { fragmentPath, dropInPaths } = unit;
  const paths = [...(fragmentPath === undefined ? [] : [fragmentPath]), ...dropInPaths];
  return {
    ...factsOf(
      unit,
      once(() => readUnitTexts("/", paths)),
      host,
    ),
    ...stateOf(unit),
  };
}

function stateOf({ id, names, loadState, activeState, mainPid }: Unit): Pick<UnitFacts, StateField> {
  return { id, names, loadState, activeState, mainPid };
}

type StateField = "id" | "names" | "loadState" | "activeState" | "mainPid";

/** What is the same for a unit that is loaded and for one that is written. `texts`: its files. */
function factsOf(unit: Unit, texts: () => readonly UnitFile[], host: Shared): Omit<UnitFacts, StateField> {
  const { id, listens, dropInPaths, profile, ownNetwork } = unit;
  const mounted = unit.mounted.map((mount): Mounted => ({ ...mount, target: mountPoint(mount.target) }));
  const ours = ourDropIns(dropInPaths);
  const otherRoot = otherRootOf(unit);
  const hides = hiding(mounted, host.files);
  const hidesList = hiding(mounted, host.list);
  const preload = preloadOf(unit);
  const found = (names: readonly string[]) => [...new Set(names.map((name) => host.called(name, unit)))];
  return {
    programs: found(unit.programs),
    helpers: found(unit.helpers),
    listens,
    ...ours,
    ...(ours.hasDropIn ? faultsOf(id, texts(), host) : {}),
    ...(ours.hasDropIn && givesHighPorts(id, texts()) ? { highPorts: true as const } : {}),
    ...(otherRoot === undefined ? {} : { otherRoot }),
    ...(hides === undefined ? {} : { hides }),
    ...(hidesList === undefined ? {} : { hidesList }),
    ...noExecIn(unit),
    ...(preload === undefined || isOursFirst(preload) ? {} : { preloadsFirst: preload }),
    ...(profile === undefined ? {} : { profile }),
    ...(ownNetwork === undefined ? {} : { ownNetwork }),
    ...powerlessFacts(unit, texts, mounted, host),
  };
}

type Written = FoundUnitFile & { readonly name: string };

/** Those whose files are there; `known` are names to leave out. */
function writtenUnits(known: ReadonlySet<string>, host: Shared): readonly UnitFacts[] {
  const folders = UNIT_FOLDERS.map((folder) => [folder, new Set(namesIn("/", folder))] as const);
  const all = unitFiles("/");
  const files = [...all, ...instances(all, folders)].filter(({ name, unit }) => !known.has(name) && !known.has(unit));
  const there = new Set(files.map(({ name }) => name));
  const aliases = new Map<string, Set<string>>();
  for (const { name, unit } of files) aliases.set(unit, (aliases.get(unit) ?? new Set([unit])).add(name));
  return files.flatMap((file) => {
    const { name, unit } = file;
    const isAlias = name !== unit && there.has(unit);
    if (isAlias) return [];
    return [writtenUnit(file, [...(aliases.get(unit) ?? [unit])], folders, host)];
  });
}

function writtenUnit(file: Written, names: readonly string[], folders: Folders, host: Shared): UnitFacts {
  const { unit, path } = file;
  const dropIns = dropInsOf(names, folders);
  const stamps = stampsOf(file, dropIns);
  const known = stamps === undefined ? undefined : host.units.get(unit, stamps);
  if (known !== undefined) {
    const remembered = { ...known, names, fragmentPath: path, dropInPaths: dropIns };
    return {
      ...factsOf(
        remembered,
        once(() => readUnitTexts("/", [path, ...dropIns])),
        host,
      ),
      ...stateOf(remembered),
    };
  }
  const { text, state, unread } = file.look();
  const read = state === "loaded" ? dropIns.map((name) => [name, readUnitText("/", name)] as const) : [];
  const [closed] = read.find(([, found]) => found.length === 0) ?? [];
  const why = unread ?? (closed === undefined ? undefined : notRead(closed));
  const texts = [{ path, text }, ...read.flatMap(([, found]) => found)];
  const parsed = fromFiles(unit, state === "loaded" ? texts : []);
  if (stamps !== undefined && state === "loaded" && why === undefined) host.units.put(unit, stamps, parsed);
  const written = { ...parsed, dropInPaths: state === "loaded" ? dropIns : [] };
  return {
    ...factsOf(written, () => texts, host),
    ...stateOf({ ...written, names, loadState: state }),
    ...(why === undefined ? {} : { unread: why }),
  };
}

function notRead(file: string): Unseen {
  return { unseen: `'${file}' cannot be read`, rootWould: process.geteuid?.() !== 0 };
}

/** Those of templates that have settings of their own, and no file. */
function instances(files: readonly Written[], folders: Folders): readonly Written[] {
  const byName = new Map(files.map((file) => [file.name, file]));
  const names = folders.flatMap(([, found]) => [...found].flatMap((name) => INSTANCE_FOLDER.exec(name)?.[1] ?? []));
  return [...new Set(names)].flatMap((name) => {
    const template = byName.get(templateOf(name) ?? "");
    return template === undefined || byName.has(name) ? [] : [{ ...template, name, unit: name }];
  });
}

const INSTANCE_FOLDER = /^([^@]+@.+\.(?:service|socket))\.d$/;

function realOf(file: string): string {
  return realPathOf(file) ?? file;
}

function noExecIn({ execPaths }: Unit): Pick<UnitFacts, "noExec"> {
  if (execPaths.never.length === 0) return {};
  const real = { never: execPaths.never.map(mountPoint), again: execPaths.again.map(realOf) };
  const found = [...INSTALLED_SHIM_FILES, ...INSTALLED_HIGH_FILES].flatMap((library) => {
    const by = unrunnable(real, realOf(library));
    return by === undefined ? [] : [{ library, by }];
  });
  const [first] = found;
  if (first === undefined) return {};
  return { noExec: { setting: `NoExecPaths=${first.by}`, libraries: found.map(({ library }) => library) } };
}

/** True also where there is no other name in it. The share library has nothing that an allocator calls. */
function isOursFirst(preload: string): boolean {
  const first = librariesIn(preload).find((name) => !preloads(name, INSTALLED_SHARE));
  return first === undefined || first === INSTALLED_SHIM || first === INSTALLED_HIGH;
}
