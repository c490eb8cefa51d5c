// Tells the programs that have a table mapped that it is being replaced: the one write that is made in place.
import {
  type BigIntStats,
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readSync,
  statfsSync,
  writeSync,
} from "node:fs";
import { native } from "../../core/native.ts";
import { AppError, errnoOf } from "../app-error.ts";
import { TABLE_FILE } from "../paths.ts";

export interface Retired {
  /** Puts back what was there. Throws the system error. */
  readonly takeBack: () => void;
  /**
   * True where opening the file for writing made the overlay file system copy it: the mark is in the copy, and programs
   * that have the original mapped never see it.
   */
  readonly stranded: boolean;
}

const UNTOUCHED: Retired = { takeBack: () => {}, stranded: false };

/**
 * Writes the retired mark into the table that has this name, a damaged one too: programs may have mapped it while it was
 * good. One that is too short grows, so that the mark has its place. Links are already followed; what is no table, by its
 * magic or by its mark, no program obeys, and it is left alone. `mode` is the one a table has. Throws the system error, and
 * AppError for a table that has another name too: whatever else has it would be written to.
 */
export function retireTable(file: Buffer, mode: number): Retired {
  const before = lstatSync(file, { bigint: true, throwIfNoEntry: false });
  if (before === undefined || !before.isFile()) return UNTOUCHED;
  const found = whatIsIn(file, mode);
  if (!found.isTable) return UNTOUCHED;
  return opened(file, constants.O_RDWR, (descriptor) => {
    const after = fstatSync(descriptor, { bigint: true });
    const stranded = isOverlay(file) && isAnother(before, after, !found.wasOpened);
    const { markOffset, retiredMark } = native();
    const old = Buffer.alloc(retiredMark.length);
    const length = readSync(descriptor, old, 0, old.length, markOffset);
    writeMark(descriptor, retiredMark);
    const takeBack = (): void =>
      opened(file, constants.O_RDWR, (again) => {
        if (length > 0) writeMark(again, old.subarray(0, length));
        if (after.size < markOffset + retiredMark.length) ftruncateSync(again, Number(after.size));
      });
    return { takeBack, stranded };
  });
}

/** `wasOpened`: its mode was not a table's, and is now. */
interface Content {
  readonly isTable: boolean;
  readonly wasOpened: boolean;
}

/** Its owner may have taken the right to read and write away from himself. */
function whatIsIn(file: Buffer, mode: number): Content {
  try {
    return opened(file, constants.O_RDONLY, (descriptor) => contentOf(descriptor, mode));
  } catch (error) {
    if (errnoOf(error) !== "EACCES") throw error;
    chmodSync(file, mode);
    return { ...opened(file, constants.O_RDONLY, (descriptor) => contentOf(descriptor, mode)), wasOpened: true };
  }
}

function contentOf(descriptor: number, mode: number): Content {
  const stats = fstatSync(descriptor);
  const { magic, markOffset, inForceMark, retiredMark } = native();
  const at = (offset: number, length: number): Buffer => {
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, readSync(descriptor, bytes, 0, length, offset));
  };
  const mark = at(markOffset, inForceMark.length);
  const isMarked = mark.equals(inForceMark) || mark.equals(retiredMark);
  const isTable = stats.isFile() && (isMarked || at(0, magic.length).equals(magic));
  if (!isTable) return { isTable, wasOpened: false };
  if (stats.nlink > 1) {
    throw new AppError(
      "unsafe",
      `'${TABLE_FILE}' has ${stats.nlink} names: the table is marked in place when it is replaced, and each of them would be`,
      `find the others with 'find / -xdev -inum ${stats.ino}', and leave it with one`,
    );
  }
  const wasOpened = (stats.mode & 0o7777) !== mode;
  if (wasOpened) fchmodSync(descriptor, mode);
  return { isTable, wasOpened };
}

function opened<T>(file: Buffer, access: number, work: (descriptor: number) => T): T {
  const descriptor = openSync(file, access | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    return work(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** In one system call: the only write to a file that a program may have mapped. */
function writeMark(descriptor: number, mark: Uint8Array): void {
  writeSync(descriptor, mark, 0, mark.length, native().markOffset);
}

/** OVERLAYFS_SUPER_MAGIC of linux/magic.h. */
const OVERLAY = 0x794c7630;

function isOverlay(file: Buffer): boolean {
  return statfsSync(file).type === OVERLAY;
}

/**
 * Whether opening for writing put another file in the place. Where all layers are on one file system the copy keeps the
 * inode number, but it was born, and changed, just now. A chmod changes a file too.
 */
function isAnother(before: BigIntStats, after: BigIntStats, unchanged: boolean): boolean {
  if (before.dev !== after.dev || before.ino !== after.ino || before.birthtimeNs !== after.birthtimeNs) return true;
  return unchanged && before.ctimeNs !== after.ctimeNs;
}
