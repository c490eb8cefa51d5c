// The compiled file of held and blocked ports on disk: its bytes, its replacement and its removal.
import { unlinkSync } from "node:fs";
import path from "node:path";
import { fromSystem } from "../app-error.ts";
import { hostPath } from "../command-text.ts";
import { HOLD_FILE, TABLE_FILE } from "../paths.ts";
import { attributesOf } from "./attributes.ts";
import { isFault, type ReadFault, readUnder } from "./read-file.ts";
import { flushed, flushFolderOf, replaceFile } from "./replace-file.ts";
import { resolveUnder } from "./rooted.ts";

/** What it has is no secret, and only its owner may write it. */
export const HOLD_MODE = 0o644;
/** In bytes: several times what the most ports take. */
const READ_LIMIT = 256 * 1024;

export interface HoldFile {
  readonly bytes: Buffer;
  readonly modeIsRight: boolean;
}

/** What has the name of the file under `root`. */
export function readHoldFile(root: string): HoldFile | ReadFault {
  const read = readUnder(root, HOLD_FILE, READ_LIMIT);
  if (isFault(read)) return read;
  const { bytes, stats } = read;
  return { bytes, modeIsRight: (stats.mode & 0o7777) === HOLD_MODE };
}

/**
 * Replaces it; only under the lock, and after the table. Throws AppError: the old one is then still in force, unless the
 * message says otherwise.
 */
export function writeHold(root: string, text: string): void {
  const doing = `cannot write '${HOLD_FILE}'`;
  const flushError = changing(root, doing, (file) =>
    replaceFile({
      file,
      bytes: Buffer.from(text),
      mode: HOLD_MODE,
      // What the host's holder obeys is root's; an image may belong to the user who builds it.
      ...(root === "/" ? {} : { owner: "keep" as const }),
      attributes: attributesOf(file),
    }),
  );
  if (flushError !== undefined) throw notFlushed(root, flushError);
}

/** Removes it; only under the lock, and after the table. Throws AppError. */
export function removeHold(root: string): void {
  changing(root, `cannot remove '${HOLD_FILE}'`, (file) => {
    unlinkSync(file);
    flushed(file);
  });
}

/**
 * Makes what an earlier run did to its name survive a power cut, where flushing the table's folder does not; only under the
 * lock. Throws AppError.
 */
export function flushHold(root: string): void {
  const [hold, table] = [HOLD_FILE, TABLE_FILE].map((file) => resolveUnder(root, file));
  if (hold === undefined || table === undefined) return;
  if (path.dirname(hold.toString("latin1")) === path.dirname(table.toString("latin1"))) return;
  const flushError = flushFolderOf(hold);
  if (flushError !== undefined) throw notFlushed(root, flushError);
}

function changing<T>(root: string, doing: string, change: (file: Buffer) => T): T {
  try {
    return change(resolveUnder(root, HOLD_FILE));
  } catch (error) {
    const staysTrue = `'${TABLE_FILE}' is up to date, and what was held before is held still`;
    throw fromSystem(error, doing, staysTrue, hostPath(root, path.dirname(HOLD_FILE)));
  }
}

function notFlushed(root: string, error: unknown): unknown {
  const staysTrue = `it and '${TABLE_FILE}' are up to date, but may not survive a power cut`;
  const near = hostPath(root, path.dirname(HOLD_FILE));
  return fromSystem(error, `cannot flush the folder of '${HOLD_FILE}'`, staysTrue, near);
}
