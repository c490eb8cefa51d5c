// What applying a mechanism changes and what removing it does, as data for the machinery of install; and both carried out.
import { type Artefact, changesToPut, changesToTakeAway, foldersOf } from "../../core/install/artefacts.ts";
import type { Change } from "../../core/install/change.ts";
import { fromSystem } from "../../system/app-error.ts";
import { type Journal, openJournal } from "../../system/files/apply.ts";
import { isFolder, namesIn } from "../../system/files/entry.ts";
import { flushFoldersOf } from "../../system/files/flush-folders.ts";
import { removeLeftoversOf } from "../../system/files/replace-file.ts";
import { rolledBack } from "../install/failures.ts";
import { isApplied, type ManagedMechanism, type Standing } from "./mechanism.ts";

/** A killed run is finished by the next, which finds what is missing. */
export function changesToApply(
  root: string,
  { files, first, put }: Pick<Standing, "files" | "first" | "put">,
): readonly Change[] {
  const written = files.flatMap((file) => changesToPut(file, (folder) => isFolder(root, folder)));
  return [...first, ...written, ...put];
}

/**
 * First the running kernel, then the files, the last one first: the first of them says what is ours in the kernel. Folders
 * in which nothing else is go with them.
 */
export function changesToRemove(
  root: string,
  { files, takeAway }: Pick<Standing, "files" | "takeAway">,
): readonly Change[] {
  const away = files.flatMap(changesToTakeAway);
  return [...takeAway, ...away, ...emptied(root, files, away)];
}

/** A folder of a distribution's own has other files, or is none of ours to remove. */
function emptied(root: string, files: readonly Artefact[], away: readonly Change[]): readonly Change[] {
  const gone = new Set(away.map(({ path }) => path));
  return foldersOf(files.filter(({ path }) => gone.has(path)))
    .filter((folder) => namesIn(root, folder).every((name) => gone.has(`${folder}/${name}`)))
    .map((path) => ({ kind: "remove-folder", path }));
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
  if (root === "/" && changes.some(({ kind }) => kind === "write-file")) mechanism.ask?.();
  journal.apply(changes.slice(files));
  flushFoldersOf(
    root,
    standing.files.map(({ path }) => path),
  );
}

/** What killed runs left beside the files. Throws AppError. */
function tidyUp(root: string, works: readonly Work[]): void {
  for (const { path } of works.flatMap(({ standing }) => standing.files)) {
    try {
      removeLeftoversOf(root, path);
    } catch (error) {
      throw fromSystem(error, `cannot tidy up beside '${path}'`);
    }
  }
}

/** For `uninstall`: what every mechanism that was applied here leaves to take away. */
export function worksToRemoveAll(root: string, mechanisms: readonly ManagedMechanism[]): readonly Work[] {
  return mechanisms.flatMap((mechanism) => {
    const standing = mechanism.look({ root, reservations: [] });
    return isApplied(standing) ? [{ mechanism, standing, changes: changesToRemove(root, standing) }] : [];
  });
}
