// Raw reading of /proc/PID: bytes, links and identities, with refusals and ended processes as values. Called a hundred thousand times a look.
import { closeSync, openSync, readdirSync, readlinkSync, readSync, statSync } from "node:fs";
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
  const id = isRefused(link) ? Number.NaN : Number(link.toString("latin1"));
  return Number.isInteger(id) && id > 0 ? id : undefined;
}

export function threadIds(id: number): readonly number[] | Refused {
  try {
    return readdirSync(`${PROC}/${id}/task`).map(Number);
  } catch (error) {
    return refusedBy(error);
  }
}

/** One buffer for all reads: what is returned is good until the next one. It only grows for a long environment. */
let buffer = Buffer.allocUnsafeSlow(128 * 1024);

/** In bytes. An environment is at most 6 MiB when a program is started. */
const LIMIT = 16 * 1024 * 1024;

/** The bytes of a file of /proc, good until the next call. Longer than 16 MiB: refused with EFBIG. */
export function readBytes(file: string): Buffer | Refused {
  return opened(file, (descriptor) => {
    let length = 0;
    for (;;) {
      const count = readSync(descriptor, buffer, length, buffer.length - length, null);
      length += count;
      // A short file comes as a whole: a second read would only say so.
      if (count === 0 || (count === length && count < SHORT)) return buffer.subarray(0, length);
      if (length < buffer.length) continue;
      if (length >= LIMIT) return { errno: "EFBIG" };
      const larger = Buffer.allocUnsafeSlow(2 * buffer.length);
      buffer.copy(larger);
      buffer = larger;
    }
  });
}

/** The kernel fills a page before it hands over a part of such a file. In bytes; below a page, and a line less. */
const SHORT = 3000;

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
  return opened(file, (descriptor) => {
    let held = 0;
    for (;;) {
      const count = readSync(descriptor, buffer, held, buffer.length - held, null);
      const length = held + count;
      if (count === 0 || (last !== undefined && isLastLine(length, last))) {
        if (length > 0) visit(buffer.subarray(0, length));
        return undefined;
      }
      held = length;
      if (length < buffer.length / 2) continue;
      const end = buffer.lastIndexOf(0x0a, length - 1) + 1;
      if (end === 0) return { errno: "EFBIG" };
      if (visit(buffer.subarray(0, end)) === "stop") return undefined;
      buffer.copyWithin(0, end, length);
      held = length - end;
    }
  });
}

/** Whether the buffer's last line is whole and begins like this. */
function isLastLine(length: number, start: Buffer): boolean {
  if (length < 2 || buffer[length - 1] !== 0x0a) return false;
  const at = buffer.lastIndexOf(0x0a, length - 2) + 1;
  return start.compare(buffer, at, Math.min(at + start.length, length)) === 0;
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

/** What a link says. */
export function readLink(link: string): Buffer | Refused {
  try {
    return readlinkSync(link, { encoding: "buffer" }) as unknown as Buffer;
  } catch (error) {
    return refusedBy(error);
  }
}

/** "net:[4026531840]": equal texts are the same namespace. */
export function namespaceOf(folder: string, kind: "net" | "mnt" | "user"): string | Refused {
  try {
    return readlinkSync(`${folder}/ns/${kind}`);
  } catch (error) {
    return refusedBy(error);
  }
}

/** Which file it is, links followed: "DEV:INODE" as stat has them. Equal texts are the same file. */
export function identityOf(file: string | Buffer): string | Refused {
  try {
    const { dev, ino } = statSync(file, { bigint: true });
    return `${dev}:${ino}`;
  } catch (error) {
    return refusedBy(error);
  }
}

/** Throws what is no failed system call. */
export function refusedBy(error: unknown): Refused {
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  return { errno };
}
