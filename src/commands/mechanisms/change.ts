// What applying a mechanism changes and what removing it does, as data for the machinery of install; and both carried out.
import { type Artefact, changesToPut, changesToTakeAway, foldersOf } from "../../core/install/artefacts.ts";
import type { Change } from "../../core/install/change.ts";
import { type Journal, openJournal } from "../../system/files/apply.ts";
import { isFolder, namesIn } from "../../system/files/entry.ts";
import { flushFoldersOf } from "../../system/files/flush-folders.ts";
import { tidyUpBeside } from "../../system/files/tidy-up.ts";
import { daemonReload, systemdRuns } from "../../system/host/systemd.ts";
import { UNIT_FOLDER } from "../../system/paths.ts";
import { expectDone } from "../install/expect-done.ts";
import { rolledBack } from "../install/failures.ts";
import { everyPlace, isApplied, type ManagedMechanism, type Places, type Standing } from "./mechanism.ts";

/** A killed run is finished by the next, which finds what is missing. */
export function changesToApply(root: string, standing: Places & Pick<Standing, "first" | "put">): readonly Change[] {
  const { files, record, shared = [], unwanted = [], first, put } = standing;
  const written = [...(record === undefined ? [] : [record]), ...shared, ...files].flatMap((file) =>
    changesToPut(file, (folder) => isFolder(root, folder)),
  );
  const away = unwanted.flatMap(changesToTakeAway);
  const folders = emptied(root, unwanted, away);
  return [...first, ...written, ...away, ...folders, ...put];
}

export interface Work {
  readonly mechanism: ManagedMechanism;
  readonly standing: Standing;
  readonly changes: readonly Change[];
}

/** Throws AppError; everything is then as it was before, or the message says what is not. `next`: what to run then. */
export function carryOut(root: string, works: readonly Work[], next: string): void {
  const journal = openJournal(root);
  try {
    carryOutIn(journal, root, works);
  } catch (error) {
    throw rolledBack(error, journal, next);
  }
}

/** The same as a part of something larger. */
export function carryOutIn(journal: Journal, root: string, works: readonly Work[]): void {
  tidyUp(root, works);
  for (const work of works) carryOutOne(root, work, journal);
}

function carryOutOne(root: string, { mechanism, standing, changes }: Work, journal: Journal): void {
  const files = changes.findLastIndex(({ kind }) => kind !== "set-value") + 1;
  journal.apply(changes.slice(0, files));
  if (changes.some(({ path }) => path.startsWith(`${UNIT_FOLDER}/`)) && systemdRuns(root)) {
    journal.undo("systemd still knows the units as they were changed", () => expectDone(daemonReload()));
    expectDone(daemonReload());
  }
  if (root === "/" && changes.some(({ kind }) => kind === "write-file")) mechanism.ask?.();
  journal.apply(changes.slice(files));
  flushFoldersOf(
    root,
    everyPlace(standing).map(({ path }) => path),
  );
}

/** What killed runs left beside the files. Throws AppError. */
function tidyUp(root: string, works: readonly Work[]): void {
  for (const { path } of works.flatMap(({ standing }) => everyPlace(standing))) tidyUpBeside(root, path);
}

/**
 * First the running kernel, then the files, the last one last: it says what is ours in the kernel. Folders that were made
 * for them, and in which nothing else is, go at the end.
 */
export function worksToRemove(root: string, shown: readonly Pick<Work, "mechanism" | "standing">[]): readonly Work[] {
  const works = shown.map(({ mechanism, standing }): Work => {
    const changes = [...standing.takeAway, ...everyPlace(standing).flatMap(changesToTakeAway)];
    return { mechanism, standing, changes };
  });
  const places = works.flatMap(({ standing }) => everyPlace(standing));
  const folders = emptied(
    root,
    places,
    works.flatMap(({ changes }) => changes),
  );
  const last = works.at(-1);
  if (last === undefined || folders.length === 0) return works;
  return [...works.slice(0, -1), { ...last, changes: [...last.changes, ...folders] }];
}

function emptied(root: string, places: readonly Artefact[], changes: readonly Change[]): readonly Change[] {
  const gone = new Set(changes.filter(({ kind }) => kind === "remove").map(({ path }) => path));
  return foldersOf(places.filter(({ path }) => gone.has(path)))
    .filter((folder) => namesIn(root, folder).every((name) => gone.has(`${folder}/${name}`)))
    .map((path) => ({ kind: "remove-folder", path }));
}

/** For `uninstall`: what every mechanism that was applied here leaves to take away. */
export function worksToRemoveAll(root: string, mechanisms: readonly ManagedMechanism[]): readonly Work[] {
  const shown = mechanisms.map((mechanism) => ({ mechanism, standing: mechanism.look({ root, reservations: [] }) }));
  return worksToRemove(
    root,
    shown.filter(({ standing }) => isApplied(standing)),
  );
}
