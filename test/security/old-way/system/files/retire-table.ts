// retire-table as of old: what has the name is written to, whatever it is.
import {
  type BigIntStats,
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readSync,
  statfsSync,
  writeSync,
} from "node:fs";
import { native } from "../../../../../src/core/native.ts";

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
 * Writes the retired mark into whatever regular file has the table's name, a damaged one too: programs may have mapped
 * it while it was good. One that is too short grows, so that the mark has its place. Links are already followed; anything
 * but a regular file is left alone. `mode` is the one a table has. Throws the system error.
 */
export function retireTable(file: Buffer, mode: number): Retired {
  const before = lstatSync(file, { bigint: true, throwIfNoEntry: false });
  if (before === undefined || !before.isFile()) return UNTOUCHED;
  const modeIsRight = (Number(before.mode) & 0o7777) === mode;
  // Its owner may have taken the right to write away from himself.
  if (!modeIsRight) chmodSync(file, mode);
  return opened(file, (descriptor) => {
    const after = fstatSync(descriptor, { bigint: true });
    const stranded = isOverlay(file) && isAnother(before, after, modeIsRight);
    const { markOffset, retiredMark } = native();
    const old = Buffer.alloc(retiredMark.length);
    const length = readSync(descriptor, old, 0, old.length, markOffset);
    writeMark(descriptor, retiredMark);
    const takeBack = (): void =>
      opened(file, (again) => {
        if (length > 0) writeMark(again, old.subarray(0, length));
        if (after.size < markOffset + retiredMark.length) ftruncateSync(again, Number(after.size));
      });
    return { takeBack, stranded };
  });
}

function opened<T>(file: Buffer, work: (descriptor: number) => T): T {
  const descriptor = openSync(file, constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOFOLLOW);
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
