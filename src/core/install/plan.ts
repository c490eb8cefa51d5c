// From what is on a host to what has to change: pure, so that --dry-run shows just what would be done.
import { READABLE, takeModeMark, withModeMark } from "../preload-list/mode-mark.ts";
import { withEntry } from "../preload-list/with-entry.ts";
import { withoutEntry } from "../preload-list/without-entry.ts";
import {
  type Artefact,
  changesToPut,
  changesToTakeAway,
  type Found,
  foldersOf,
  inPlace,
  sameBytes,
} from "./artefacts.ts";
import type { Change, WriteFile } from "./change.ts";

/** What was found on the host, and what the artefacts of this version would be. */
export interface InstallState {
  readonly libraries: readonly Artefact[];
  readonly rules: readonly Artefact[];
  readonly manager: readonly Artefact[];
  readonly units: readonly Artefact[];
  /** portreserve-hold, its unit, and the link that enables that. */
  readonly holder: readonly Artefact[];
  /** Of services that have our drop-in, or are to get one. */
  readonly dropIns: readonly Artefact[];
  /** The preload list, links followed. */
  readonly list: { readonly path: string; readonly found: Found; readonly labelOf: string };
  /** ld.so's name for the shim. */
  readonly entry: string;
  /** The folder of reservations. */
  readonly owners: string;
  /** The new table; undefined if the one that is there is right. */
  readonly table: (Change & { kind: "write-table" }) | undefined;
  readonly hasTable: boolean;
  readonly tablePath: string;
  /** What becomes of the file of held ports, once the table is what it is to be. */
  readonly hold: readonly Change[];
  readonly holdPath: string;
  /** The names in a folder; undefined where there is no such folder. */
  readonly contents: (path: string) => readonly string[] | undefined;
}

/** In the order in which they are carried out. */
export interface Plan {
  /** The folders of the libraries. */
  readonly folders: readonly Change[];
  /** All of them or none: they are tried together, before any is in its place. */
  readonly libraries: readonly WriteFile[];
  readonly table: readonly Change[];
  readonly rules: readonly Change[];
  readonly list: readonly Change[];
  readonly manager: readonly Change[];
  readonly units: readonly Change[];
  readonly holder: readonly Change[];
  readonly dropIns: readonly Change[];
}

/** In the order in which they are carried out: what is in use goes before what it uses. */
export interface Removal {
  readonly list: readonly Change[];
  readonly dropIns: readonly Change[];
  readonly units: readonly Change[];
  readonly manager: readonly Change[];
  readonly libraries: readonly Change[];
  readonly table: readonly Change[];
  readonly rules: readonly Change[];
  /** With the file of held ports. The last: what fails before leaves every port held. */
  readonly holder: readonly Change[];
}

/** Mode of a list that is made. */
const LIST_MODE = 0o644;

/** `list`: whether the preload list gets the entry. There must be no strangers, and a list that can be read. */
export function planInstall(state: InstallState, list: boolean): Plan | { readonly refusal: "no place" } {
  const puts = (artefacts: readonly Artefact[]): readonly Change[] =>
    uniqueFolders(
      artefacts.flatMap((artefact) => changesToPut(artefact, (folder) => state.contents(folder) !== undefined)),
    );
  const edit = list ? listWithEntry(state) : [];
  if (edit === undefined) return { refusal: "no place" };
  const libraries = state.libraries.every(inPlace) ? [] : state.libraries;
  const [manager, units] = [puts(state.manager), puts(state.units)];
  const made = new Set([...manager, ...units].map(({ path }) => path));
  return {
    folders: puts(libraries).filter(({ kind }) => kind === "make-folder"),
    libraries: libraries.flatMap(asWrite),
    table: [
      ...(state.contents(state.owners) === undefined ? [{ kind: "make-folder", path: state.owners } as const] : []),
      ...(state.table === undefined ? [] : [state.table]),
      ...state.hold,
    ],
    rules: puts(state.rules),
    list: edit,
    manager,
    units,
    holder: puts(state.holder).filter(({ path }) => !made.has(path)),
    dropIns: puts(state.dropIns),
  };
}

/** One that is in place already too: all are staged together. */
function asWrite({ path, wanted, found, labelOf }: Artefact): readonly WriteFile[] {
  if (wanted.kind !== "file") return [];
  const old = found.kind === "file" ? found.bytes : undefined;
  const label = labelOf === undefined ? {} : { labelOf };
  return [{ kind: "write-file", path, bytes: wanted.bytes, mode: wanted.mode, old, ...label }];
}

export function uniqueFolders(changes: readonly Change[]): readonly Change[] {
  const seen = new Set<string>();
  return changes.filter(({ kind, path }) => {
    if (kind !== "make-folder") return true;
    const isNew = !seen.has(path);
    seen.add(path);
    return isNew;
  });
}

/** Undefined where ld.so would read anything else in another way. */
function listWithEntry({ list, entry }: InstallState): readonly Change[] | undefined {
  const found = list.found.kind === "file" ? list.found : undefined;
  const placed = withEntry(found?.bytes, entry);
  if (placed.outcome === "no place") return undefined;
  // Every program has to read it, whoever runs it.
  const mode = (found?.mode ?? LIST_MODE) | READABLE;
  const added = found === undefined ? 0 : mode & ~found.mode;
  const bytes = added === 0 ? placed.bytes : withModeMark(placed.bytes, entry, added);
  if (found !== undefined && sameBytes(found.bytes, bytes) && added === 0) return [];
  return [
    {
      kind: "write-file",
      path: list.path,
      bytes,
      mode,
      old: found?.bytes,
      ...(found === undefined || added === 0 ? {} : { oldMode: found.mode }),
      labelOf: list.labelOf,
      follow: true,
    },
  ];
}

/**
 * `base`: whether nothing needs the library any more. `holder`: whether no port is to be held any more. `dropIns`: the ones
 * to take away.
 */
export function planUninstall(
  state: InstallState,
  choice: {
    readonly list: boolean;
    readonly base: boolean;
    readonly holder: boolean;
    readonly dropIns: readonly Artefact[];
  },
): Removal {
  const takes = (artefacts: readonly Artefact[], before: readonly Change[] = []): readonly Change[] => {
    const files = [...artefacts].reverse().flatMap(changesToTakeAway);
    return [...files, ...emptied(artefacts, [...before, ...files], state.contents)];
  };
  const base = (artefacts: readonly Artefact[]): readonly Change[] => (choice.base ? takes(artefacts) : []);
  const [units, manager] = [base(state.units), base(state.manager)];
  const holder = choice.holder ? [...state.hold, ...takes(state.holder, [...units, ...manager])] : [];
  return {
    list: choice.list ? listWithoutEntry(state) : [],
    dropIns: takes(choice.dropIns),
    units,
    manager,
    libraries: base(state.libraries),
    table: choice.base ? tableAway(state) : [],
    rules: base(state.rules),
    holder,
  };
}

/** The folders that these files were put into and in which nothing is left without them, the deepest first. */
function emptied(
  artefacts: readonly Artefact[],
  files: readonly Change[],
  contents: InstallState["contents"],
): readonly Change[] {
  const gone = new Set(files.filter(({ kind }) => kind !== "write-file").map(({ path }) => path));
  const folders: Change[] = [];
  for (const folder of foldersOf(artefacts)) {
    const names = contents(folder);
    if (names === undefined || names.some((name) => !gone.has(`${folder}/${name}`))) continue;
    gone.add(folder);
    folders.push({ kind: "remove-folder", path: folder });
  }
  return folders;
}

function tableAway({ hasTable, tablePath, owners, contents }: InstallState): readonly Change[] {
  return [
    ...(hasTable ? [{ kind: "remove-table", path: tablePath } as const] : []),
    ...(contents(owners)?.length === 0 ? [{ kind: "remove-folder", path: owners } as const] : []),
  ];
}

function listWithoutEntry({ list, entry }: InstallState): readonly Change[] {
  if (list.found.kind !== "file") return [];
  const { bytes: unmarked, added } = takeModeMark(list.found.bytes, entry);
  const bytes = withoutEntry(unmarked, entry);
  if (bytes === undefined) return [{ kind: "remove", path: list.path, old: list.found.bytes, follow: true }];
  if (sameBytes(bytes, list.found.bytes)) return [];
  const mode = list.found.mode & ~added;
  const modes = added === 0 ? {} : { oldMode: list.found.mode };
  return [{ kind: "write-file", path: list.path, bytes, mode, ...modes, old: list.found.bytes, follow: true }];
}
