// Raw reading of /proc/PID: bytes, links and identities, with refusals and ended processes as values. Called a hundred thousand times a look.
import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { constants } from "node:os";
import { getSystemErrorName } from "node:util";
import { type AheadGroup, native } from "../../core/native.ts";
import { errnoOf } from "../app-error.ts";
import { PROCESSES_PLACE } from "../paths.ts";

const PROC = PROCESSES_PLACE;

/** Why something of a process could not be read: the errno name. ENOENT and ESRCH: it has ended, or there is none. */
export interface Refused {
  readonly errno: string;
}

export function isRefused(value: unknown): value is Refused {
  return typeof value === "object" && value !== null && "errno" in value;
}

/** Numbers of all processes that this /proc shows, kernel threads too, ascending. */
export function processIds(): readonly number[] {
  const ids: number[] = [];
  for (const name of namesIn(PROC)) if (/^[1-9]\d*$/.test(name)) ids.push(Number(name));
  return ids.sort((one, other) => one - other);
}

/** Nothing where there is no /proc: what is missing then is said by who asks whether everything can be seen. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The folder of a process, or of this one; `thread` for one of its threads. */
export function processFolder(id: number | "self", thread?: number): string {
  return thread === undefined ? `${PROC}/${id}` : `${PROC}/${id}/task/${thread}`;
}

/** The path by which this process, and its children that inherit the descriptor, find one of its open files. */
export function ownDescriptor(descriptor: number): string {
  return `${processFolder("self")}/fd/${descriptor}`;
}

/** A file of the kernel's own about the whole machine: "uptime", "stat". */
export function machineFile(name: string): string {
  return `${PROC}/${name}`;
}

/** Where the kernel's settings of the whole machine are found. */
export const MACHINE_SETTINGS: string = `${PROC}/sys`;

/** The number under which /proc shows this process: another one than its own where /proc is of an outer pid namespace. */
export function ownId(): number | undefined {
  const link = readLink(`${PROC}/self`);
  const id = isRefused(link) ? Number.NaN : Number(link);
  return Number.isInteger(id) && id > 0 ? id : undefined;
}

export function threadIds(id: number): readonly number[] | Refused {
  try {
    return readdirSync(`${PROC}/${id}/task`).map(Number);
  } catch (error) {
    return refusedBy(error);
  }
}

/** Of a buffer at first, in bytes. */
const SIZE = 128 * 1024;

/** One buffer for all whole files: what is returned is good until the next one. It only grows for a long environment. */
let buffer = Buffer.allocUnsafeSlow(SIZE);

/** In bytes. An environment is at most 6 MiB when a program is started. */
const LIMIT = 16 * 1024 * 1024;

/** The bytes of a file of /proc, good until the next call. Longer than 16 MiB: refused with EFBIG. */
export function readBytes(file: string): Buffer | Refused {
  for (;;) {
    const length = native().readSmall(file, buffer);
    if (length >= 0) return buffer.subarray(0, length);
    if (length !== TOO_LONG || buffer.length >= LIMIT) return refused(length);
    buffer = Buffer.allocUnsafeSlow(2 * buffer.length);
  }
}

const TOO_LONG = -constants.errno.EFBIG;

/** `errno`: the negative of an errno value, as the addon gives it. */
function refused(errno: number): Refused {
  return { errno: getSystemErrorName(errno) };
}

/**
 * Of a list of mappings, good until the next call: the first line, and those that are mapped to run code from or have
 * `text` in them. Refused with EFBIG where these are longer than 128 KiB: `readLines` has no such limit.
 */
export function readCodeLines(file: string, text: string): Buffer | Refused {
  const length = native().readCodeLines(file, buffer, text);
  return length < 0 ? refused(length) : buffer.subarray(0, length);
}

/**
 * Hands over a file of lines piece by piece, each piece of whole lines and good only during the call, until `visit`
 * answers "stop". However long the file is, memory stays the same. `last`: what only the last line begins with, if there
 * is such a line; it spares the read that would say that nothing follows.
 */
export function readLines(
  file: string,
  visit: (lines: Buffer) => "stop" | undefined,
  last?: Buffer,
): Refused | undefined {
  // What is visited may lead to another file of lines.
  const pieces = spare ?? Buffer.allocUnsafeSlow(SIZE);
  spare = undefined;
  try {
    return opened(file, (descriptor) => visitLines(descriptor, pieces, visit, last));
  } finally {
    spare = pieces;
  }
}

let spare: Buffer | undefined;

function visitLines(
  descriptor: number,
  pieces: Buffer,
  visit: (lines: Buffer) => "stop" | undefined,
  last: Buffer | undefined,
): Refused | undefined {
  let held = 0;
  for (;;) {
    const count = readSync(descriptor, pieces, held, pieces.length - held, null);
    const length = held + count;
    if (count === 0 || (last !== undefined && isLastLine(pieces, length, last))) {
      if (length > 0) visit(pieces.subarray(0, length));
      return undefined;
    }
    held = length;
    if (length < pieces.length / 2) continue;
    const end = pieces.lastIndexOf(0x0a, length - 1) + 1;
    if (end === 0) return { errno: "EFBIG" };
    if (visit(pieces.subarray(0, end)) === "stop") return undefined;
    pieces.copyWithin(0, end, length);
    held = length - end;
  }
}

/** Whether the last line is whole and begins like this. */
function isLastLine(pieces: Buffer, length: number, start: Buffer): boolean {
  if (length < 2 || pieces[length - 1] !== 0x0a) return false;
  const at = pieces.lastIndexOf(0x0a, length - 2) + 1;
  return start.compare(pieces, at, Math.min(at + start.length, length)) === 0;
}

function opened<T>(file: string, read: (descriptor: number) => T): T | Refused {
  let descriptor: number;
  try {
    descriptor = openSync(file, 0);
  } catch (error) {
    return refusedBy(error);
  }
  try {
    return read(descriptor);
  } catch (error) {
    return refusedBy(error);
  } finally {
    closeSync(descriptor);
  }
}

/** What a link says, one character for each byte. */
export function readLink(link: string): string | Refused {
  const found = native().readLink(link);
  return typeof found === "string" ? found : refused(found);
}

/**
 * Whether a link of a process's folder, to its program or to what it has mapped, leads nowhere any more: it has ended, or
 * has mapped something else since. No file system is asked.
 */
export function leadsNowhere(link: string | Buffer): boolean {
  const found = readLink(String(link));
  return isRefused(found) && isGone(found);
}

/** What a process that has ended refuses. */
export const ENDED: Refused = { errno: "ESRCH" };

/** Whether it was refused because there is no such process, or it has nothing of the kind any more. */
export function isGone({ errno }: Refused): boolean {
  return errno === "ENOENT" || errno === "ESRCH";
}

/** "NAME TEXT" of each link in a folder whose text begins with `start`; undefined where there is no link at all. */
export function linksLike(folder: string, start: string): readonly string[] | Refused | undefined {
  const found = native().linksLike(folder, start);
  return typeof found === "number" ? refused(found) : (found ?? undefined);
}

/** "net:[4026531840]": equal texts are the same namespace. */
export function namespaceOf(folder: string, kind: "net" | "mnt" | "user"): string | Refused {
  return readLink(`${folder}/ns/${kind}`);
}

/** Which file it is, links followed: "DEV:INODE" as stat has them. Equal texts are the same file. */
export function identityOf(file: string | Buffer): string | Refused {
  if (typeof file === "string") {
    const found = native().identity(file);
    return typeof found === "string" ? found : refused(found);
  }
  try {
    const { dev, ino } = statSync(file, { bigint: true });
    return `${dev}:${ino}`;
  } catch (error) {
    return refusedBy(error);
  }
}

/** Has all this asked by another thread while this one does other things: see `Native.readAhead`. */
export function askAhead(groups: readonly AheadGroup[]): void {
  native().readAhead(groups);
}

/** Whether what was asked ahead of a folder answers from now on, each question once. Undefined: of none. */
export function answersAhead(folder: string | undefined): boolean {
  return native().takeBatch(folder);
}

/** Throws what is no failed system call. */
export function refusedBy(error: unknown): Refused {
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  return { errno };
}
