// Reads a small regular file, and never blocks on, or acts upon, anything that is not one.
import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";
import { errnoOf, reasonOf } from "../app-error.ts";
import { ownDescriptor } from "../proc/process-files.ts";
import { resolveUnder } from "./rooted.ts";

/** Why there are no bytes. `kind: "missing"` is for the caller to judge; `reason` completes "cannot read 'x': …". */
export interface ReadFault {
  readonly kind: "missing" | "not-a-file" | "too-big" | "denied" | "failed";
  readonly reason: string;
}

export interface FileRead {
  readonly bytes: Buffer;
  /** Of the very file the bytes are from. */
  readonly stats: Stats;
}

/** Opening must not wait for a FIFO's writer, become the owner of a terminal, or pass the descriptor on. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
/** O_PATH of fcntl.h: what is opened so is only looked at. */
export const O_PATH = 0o10000000;

/**
 * The bytes of a regular file of at most `limit` bytes; links are followed, or, without `follow`, not a file. The file is
 * looked at before it is opened, since opening a device can act upon it; and what is opened is what was looked at, whatever
 * its name leads to by then.
 */
export function readRegularFile(file: string | Buffer, limit: number, { follow = true } = {}): FileRead | ReadFault {
  let place: number | undefined;
  try {
    const noFollow = follow ? 0 : constants.O_NOFOLLOW;
    place = openSync(file, O_PATH | noFollow);
    return notAFile(fstatSync(place)) ?? readOpened(file, place, limit, noFollow);
  } catch (error) {
    return faultOf(error);
  } finally {
    if (place !== undefined) closeSync(place);
  }
}

function readOpened(file: string | Buffer, place: number, limit: number, noFollow: number): FileRead | ReadFault {
  const descriptor = reopened(file, place, noFollow);
  try {
    const stats = fstatSync(descriptor);
    return notAFile(stats) ?? readUpTo(descriptor, stats, limit);
  } finally {
    closeSync(descriptor);
  }
}

function reopened(file: string | Buffer, place: number, noFollow: number): number {
  try {
    return openSync(ownDescriptor(place), OPEN_FLAGS);
  } catch (error) {
    // In a chroot without /proc there is only the path.
    if (errnoOf(error) !== "ENOENT") throw error;
    return openSync(file, OPEN_FLAGS | noFollow);
  }
}

/** The same, for a file whose links are to be followed inside `root`. `file` is absolute. */
export function readUnder(root: string, file: string | Buffer, limit: number): FileRead | ReadFault {
  let real: Buffer;
  try {
    real = resolveUnder(root, file);
  } catch (error) {
    return faultOf(error);
  }
  return readRegularFile(real, limit);
}

export function isFault(read: FileRead | ReadFault): read is ReadFault {
  return "kind" in read;
}

/** What a file is when it is not a regular one, as "a directory"; undefined for a regular file. */
export function otherKind(stats: Stats | BigIntStats): string | undefined {
  if (stats.isFile()) return undefined;
  if (stats.isDirectory()) return "a directory";
  if (stats.isFIFO()) return "a FIFO";
  if (stats.isSocket()) return "a socket";
  return stats.isCharacterDevice() || stats.isBlockDevice() ? "a device" : "not a regular file";
}

function notAFile(stats: Stats): ReadFault | undefined {
  const kind = otherKind(stats);
  return kind === undefined ? undefined : { kind: "not-a-file", reason: `it is ${kind}` };
}

function readUpTo(descriptor: number, stats: Stats, limit: number): FileRead | ReadFault {
  const tooBig: ReadFault = { kind: "too-big", reason: `it is larger than ${limit / 1024} KiB` };
  if (stats.size > limit) return tooBig;
  // The size is a hint only: the file may grow, and files of /proc say 0.
  let buffer = Buffer.allocUnsafe(Math.max(stats.size, 511) + 1);
  let length = 0;
  for (;;) {
    const count = readSync(descriptor, buffer, length, buffer.length - length, null);
    length += count;
    if (length > limit) return tooBig;
    if (count === 0) return { bytes: buffer.subarray(0, length), stats };
    if (length === buffer.length) buffer = Buffer.concat([buffer], 2 * buffer.length);
  }
}

function faultOf(error: unknown): ReadFault {
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  const kind = errno === "ENOENT" ? "missing" : errno === "EACCES" || errno === "EPERM" ? "denied" : "failed";
  return { kind, reason: reasonOf(error) };
}
