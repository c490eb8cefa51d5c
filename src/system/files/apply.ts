// The one place that changes the host: carries out planned changes one by one, and takes back what it has done.
import { chmodSync, chownSync, lstatSync, mkdirSync, rmdirSync, symlinkSync, unlinkSync } from "node:fs";
import path from "node:path";
import type { Change, WriteFile } from "../../core/install/change.ts";
import { AppError, errnoOf, fromSystem, reasonOf } from "../app-error.ts";
import { hostPath } from "../command-text.ts";
import { attributesOf, labelOf } from "./attributes.ts";
import { type Captured, capture, expectPlanned, gone, restore } from "./captured-file.ts";
import { changeValue } from "./kernel-value.ts";
import { flushed, newTag, type Replacement, type Staged, stageFile } from "./replace-file.ts";
import { resolveUnder, shownPath } from "./rooted.ts";
import { readTable, removeTable, type TableWritten, tableBytes, writeTable } from "./table-file.ts";

/** Of every folder that is made. */
const FOLDER_MODE = 0o755;

export interface Journal {
  /** Carries it out and flushes it to disk. Throws AppError; what it has done until then can still be rolled back. */
  readonly apply: (changes: readonly Change[]) => void;
  /** Writes all files under temporary names, with one tag. Throws AppError. */
  readonly stage: (files: readonly WriteFile[]) => StagedFiles;
  /** Remembers how to take back a step that is no change of a file. */
  readonly undo: (what: string, run: () => void) => void;
  /**
   * Takes back everything applied, the last first, up to the first that cannot be: what that one needs has to stay. Returns
   * a sentence about it, or undefined when everything is as it was.
   */
  readonly rollBack: () => string | undefined;
  /** Whether programs have a table mapped that they cannot see to be retired: see table-file.ts. */
  readonly stranded: () => boolean;
}

export interface StagedFiles {
  /** 16 hex digits, the same for all: file `x` is at `.x.TAG.tmp` in its folder. */
  readonly tag: string;
  /** Puts them in their places, in order. Throws AppError. */
  readonly commit: () => void;
}

type Undo = { readonly what: string; readonly run: () => void };

export function openJournal(root: string): Journal {
  const undos: Undo[] = [];
  let stranded = false;
  const written = (done: TableWritten): void => {
    stranded ||= done.stranded;
  };
  const note = (what: string, run: () => void): void => {
    undos.push({ what, run });
  };
  return {
    apply: (changes) => {
      for (const change of changes) guarded(root, change, () => carryOut(root, change, note, written));
    },
    stage: (files) => stageAll(root, files, note),
    undo: note,
    rollBack: () => {
      for (let undo = undos.pop(); undo !== undefined; undo = undos.pop()) {
        try {
          undo.run();
        } catch (error) {
          if (!(error instanceof AppError) && errnoOf(error) === undefined) throw error;
          return `${undo.what}: ${reasonOf(error)}`;
        }
      }
      return undefined;
    },
    stranded: () => stranded,
  };
}

function guarded<T>(root: string, change: Change, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const near = hostPath(root, path.dirname(change.path));
    throw fromSystem(error, `cannot ${DOING[change.kind]} '${change.path}'`, undefined, near);
  }
}

const DOING: Readonly<Record<Change["kind"], string>> = {
  "make-folder": "make the folder",
  "write-file": "write",
  "make-link": "make the link",
  "write-table": "write",
  "remove-table": "remove",
  remove: "remove",
  "remove-folder": "remove the folder",
  "set-value": "set",
};

type Note = (what: string, run: () => void) => void;

function carryOut(root: string, change: Change, note: Note, written: (done: TableWritten) => void): void {
  switch (change.kind) {
    case "make-folder":
      makeFolder(root, place(root, change.path), note);
      return;
    case "write-file":
      putInPlace(root, stageFile(replacementFor(root, change)), change, note);
      return;
    case "make-link": {
      const link = place(root, change.path);
      symlinkSync(change.target, link);
      note(`'${change.path}' is still there`, () => gone(link));
      flushed(link);
      return;
    }
    case "write-table":
    case "remove-table":
      changeTable(root, change, note, written);
      return;
    case "remove":
      removeFile(root, change, note);
      return;
    case "remove-folder":
      removeFolder(place(root, change.path), note);
      return;
    case "set-value":
      changeValue(change, note);
      return;
    default:
      change satisfies never;
  }
}

/** Links in its folder's path are followed inside the root; the last name is taken as it is. */
function place(root: string, file: string): Buffer {
  return Buffer.concat([resolveUnder(root, path.dirname(file)), Buffer.from(`/${path.basename(file)}`)]);
}

function target(root: string, { path: file, follow }: { readonly path: string; readonly follow?: true }): Buffer {
  return follow ? resolveUnder(root, file) : place(root, file);
}

function makeFolder(root: string, folder: Buffer, note: Note): void {
  const missing: string[] = [];
  for (let at = folder.toString("latin1"); !isThere(Buffer.from(at, "latin1")); at = path.dirname(at)) missing.push(at);
  // A mode that is right from the first moment: a folder that others may not enter would hide what is in it.
  const umask = process.umask(0o777 & ~FOLDER_MODE);
  try {
    for (const name of missing.reverse()) {
      const made = Buffer.from(name, "latin1");
      mkdirSync(made);
      note(`the folder '${shownPath(root, made)}' is still there`, () => rmdirSync(made));
      flushed(made);
    }
  } finally {
    process.umask(umask);
  }
}

function isThere(file: Buffer): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}

function replacementFor(root: string, change: WriteFile): Replacement {
  const file = target(root, change);
  const label = change.labelOf === undefined ? [] : labelOf(resolveUnder(root, change.labelOf));
  const own = change.attributes ?? attributesOf(file);
  return {
    file,
    bytes: change.bytes,
    mode: change.mode,
    owner: change.owner ?? "keep",
    attributes: own.length > 0 ? own : label,
  };
}

function putInPlace(root: string, staged: Staged, change: WriteFile, note: Note): void {
  const file = target(root, change);
  let before: Captured;
  try {
    before = capture(file);
    expectPlanned(change, before);
  } catch (error) {
    staged.discard();
    throw error;
  }
  const flushError = staged.commit();
  note(`'${change.path}' is still the new one`, () => restore(file, before));
  if (flushError !== undefined) throw flushError;
}

function removeFile(root: string, change: Change & { kind: "remove" }, note: Note): void {
  const file = target(root, change);
  const before = capture(file);
  if (before === undefined) return;
  expectPlanned(change, before);
  unlinkSync(file);
  note(`'${change.path}' is gone`, () => restore(file, before));
  flushed(file);
}

/** One that somebody has put something into, a link to one, a mount point, and one that is gone already are left as they are. */
function removeFolder(folder: Buffer, note: Note): void {
  const stats = lstatSync(folder, { throwIfNoEntry: false });
  if (stats === undefined) return;
  try {
    rmdirSync(folder);
  } catch (error) {
    if (["ENOTEMPTY", "EEXIST", "ENOTDIR", "EBUSY"].includes(errnoOf(error) ?? "")) return;
    throw error;
  }
  note(`the folder '${folder}' is gone`, () => {
    mkdirSync(folder);
    chmodSync(folder, stats.mode & 0o7777);
    chownSync(folder, stats.uid, stats.gid);
  });
  flushed(folder);
}

function changeTable(
  root: string,
  change: Change & { kind: "write-table" | "remove-table" },
  note: Note,
  written: (done: TableWritten) => void,
): void {
  const before = tableBytes(root);
  // What was done is noted first: both do their work in several steps.
  note(`'${change.path}' is not the old one`, () => {
    const now = tableBytes(root);
    if (before === undefined && now !== undefined) removeTable(root);
    if (before !== undefined && !(now?.equals(before) ?? false)) writeTable(root, before, readTable(root));
  });
  written(change.kind === "write-table" ? writeTable(root, change.bytes, readTable(root)) : removeTable(root));
}

function stageAll(root: string, files: readonly WriteFile[], note: Note): StagedFiles {
  const tag = newTag();
  const staged = files.map((change) =>
    guarded(root, change, () => {
      const one = stageFile(replacementFor(root, change), tag);
      note(`'${one.temporary}' is still there`, () => {
        if (isThere(one.temporary)) one.discard();
      });
      return { change, one };
    }),
  );
  return {
    tag,
    commit: () => {
      for (const { change, one } of staged) guarded(root, change, () => putInPlace(root, one, change, note));
    },
  };
}
