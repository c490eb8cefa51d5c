// The table on disk: what state it is in, and its replacement in two steps that every reader and every crash survives.
import { unlinkSync } from "node:fs";
import path from "node:path";
import { type NativeTable, native, type TableFault } from "../../core/native.ts";
import { AppError, fromSystem } from "../app-error.ts";
import { hostPath } from "../command-text.ts";
import { HOLD_FILE, LOADER_CACHE, TABLE_FILE } from "../paths.ts";
import { labelOf, labelTypeOf } from "./attributes.ts";
import { isFault, readUnder } from "./read-file.ts";
import { flushed, flushFolderOf, removeLeftovers, replaceFile } from "./replace-file.ts";
import { retireTable } from "./retire-table.ts";
import { resolveUnder } from "./rooted.ts";

/** Every program must be able to read it, and only its owner may write it. */
const TABLE_MODE = 0o644;
/** Enough to tell a table from something longer. */
const READ_LIMIT = 1024 * 1024;

export type TableState =
  | { readonly kind: "missing" }
  /** `modeIsRight`: 0644, so that every program can read it. `labelIsRight`: so that confined ones can, too. */
  | {
      readonly kind: "valid";
      readonly table: NativeTable;
      readonly modeIsRight: boolean;
      readonly labelIsRight: boolean;
    }
  | { readonly kind: "damaged"; readonly fault: TableFault }
  /** It may be a good table, but this process cannot read it. `denied`: root could. */
  | { readonly kind: "unreadable"; readonly reason: string; readonly denied: boolean }
  /** A folder, FIFO, socket or device: not ours to replace. */
  | { readonly kind: "foreign"; readonly reason: string };

/** The table in force under `root`. Never throws for anything that may be found there. */
export function readTable(root: string): TableState {
  const read = readUnder(root, TABLE_FILE, READ_LIMIT);
  if (!isFault(read)) {
    const decoded = native().decodeTable(read.bytes);
    if ("fault" in decoded) return { kind: "damaged", fault: decoded.fault };
    const modeIsRight = (read.stats.mode & 0o7777) === TABLE_MODE;
    return { kind: "valid", table: decoded.table, modeIsRight, labelIsRight: labelIsRight(root) };
  }
  if (read.kind === "missing") return { kind: "missing" };
  if (read.kind === "too-big") return { kind: "damaged", fault: "long" };
  if (read.kind === "not-a-file") return { kind: "foreign", reason: read.reason };
  return { kind: "unreadable", reason: read.reason, denied: read.kind === "denied" };
}

/** As that of the loader's cache, where that one has any. Labels in an image are set when it is first booted. */
function labelIsRight(root: string): boolean {
  if (root !== "/") return true;
  const [found, wanted] = [TABLE_FILE, LOADER_CACHE].map((file) => labelTypeOf(Buffer.from(file)));
  return wanted === undefined || found === wanted;
}

/** `stranded`: programs that have the old table mapped cannot see that it was retired (see retire-table.ts). */
export interface TableWritten {
  readonly stranded: boolean;
}

/**
 * Replaces the table; only under the lock. Whatever regular file was there is marked retired just before the rename,
 * which tells the programs that have it mapped to look for the new one. Throws AppError; the old table is then still
 * in force.
 */
export function writeTable(root: string, bytes: Uint8Array, old: TableState): TableWritten {
  if (old.kind === "foreign") {
    throw new AppError(
      "unsafe",
      `refusing to replace '${TABLE_FILE}': ${old.reason}`,
      "find out who made it, and move it away",
    );
  }
  let flushError: unknown;
  let stranded = false;
  const near = hostPath(root, path.dirname(TABLE_FILE));
  try {
    const file = resolveUnder(root, TABLE_FILE);
    flushError = replaceFile({
      file,
      bytes,
      mode: TABLE_MODE,
      // A table that programs of the host obey is root's; an image may belong to the user who builds it.
      ...(root === "/" ? {} : { owner: "keep" as const }),
      // Confined programs may read and map the loader's cache, so they may read and map a table with its label.
      attributes: labelOf(resolveUnder(root, LOADER_CACHE)),
      beforeRename: () => {
        if (old.kind === "missing") return () => {};
        const retired = retireTable(file, TABLE_MODE);
        stranded = retired.stranded;
        return retired.takeBack;
      },
    });
  } catch (error) {
    throw fromSystem(error, `cannot write '${TABLE_FILE}'`, stillThere(old), near);
  }
  if (flushError !== undefined) throw notFlushed(root, flushError);
  return { stranded };
}

/**
 * Makes the table that is there survive a power cut; only under the lock. A run that was killed right after its rename,
 * or could not flush the folder, has left that undone. Throws AppError; the table is then still in force.
 */
export function flushTable(root: string): void {
  const flushError = flushFolderOf(resolveUnder(root, TABLE_FILE));
  if (flushError !== undefined) throw notFlushed(root, flushError);
}

function notFlushed(root: string, error: unknown): unknown {
  const staysTrue = "the new table is in use, but may not survive a power cut";
  const near = hostPath(root, path.dirname(TABLE_FILE));
  return fromSystem(error, `cannot flush the folder of '${TABLE_FILE}'`, staysTrue, near);
}

/** What stays true where the table is not replaced. */
export function stillThere(old: TableState): string {
  return old.kind === "valid" ? "the old table is still in use" : "there is still no good table in force";
}

/** The bytes in the table's place, good or damaged; undefined where there is no regular file that can be read. */
export function tableBytes(root: string): Buffer | undefined {
  const read = readUnder(root, TABLE_FILE, READ_LIMIT);
  return isFault(read) ? undefined : read.bytes;
}

/**
 * Removes the table; only under the lock. It is marked retired first, so that the programs that have it mapped find that
 * there is none any more. Throws AppError; a table that is still there is then still in force.
 */
export function removeTable(root: string): TableWritten {
  const near = hostPath(root, path.dirname(TABLE_FILE));
  try {
    const file = resolveUnder(root, TABLE_FILE);
    const { takeBack, stranded } = retireTable(file, TABLE_MODE);
    try {
      unlinkSync(file);
    } catch (error) {
      takeBack();
      throw error;
    }
    flushed(file);
    return { stranded };
  } catch (error) {
    throw fromSystem(error, `cannot remove '${TABLE_FILE}'`, undefined, near);
  }
}

/** Removes what killed compiles left beside their files; only under the lock. Throws AppError. */
export function removeCompiledLeftovers(root: string): void {
  for (const file of [TABLE_FILE, HOLD_FILE]) removeLeftoversBeside(root, file);
}

function removeLeftoversBeside(root: string, file: string): void {
  const near = hostPath(root, path.dirname(file));
  let stranger: string | undefined;
  try {
    stranger = removeLeftovers(resolveUnder(root, file));
  } catch (error) {
    throw fromSystem(error, `cannot tidy up beside '${file}'`, "the table was not touched", near);
  }
  if (stranger === undefined) return;
  const folder = `${path.dirname(file)}/${stranger}`;
  throw new AppError(
    "unsafe",
    `'${folder}' is a directory where only temporary files should be; the table was not touched`,
    `find out who made it with 'ls -ld ${hostPath(root, folder)}', and move it away`,
  );
}
