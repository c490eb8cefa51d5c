// Opens the very file that a process has mapped, whatever its path leads to by now.
import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync, statSync } from "node:fs";
import { O_PATH } from "../../system/files/read-file.ts";
import { ownDescriptor, type Refused, refusedBy } from "../../system/proc/process-files.ts";

const { O_RDONLY, O_NONBLOCK, O_NOCTTY, O_NOFOLLOW } = constants;

/** What is needed to know a file again, and whether it has changed. */
export interface FileIdentity {
  /** "DEV:INODE" as stat has them. */
  readonly key: string;
  /** "08:01" as the kernel's list of mappings has devices. */
  readonly device: string;
  readonly inode: string;
  /** Different after each change of the file. */
  readonly version: string;
  /** It has no name any more. */
  readonly isDeleted: boolean;
  readonly isRegular: boolean;
  /** The number of its user. */
  readonly owner: number;
}

/** Whether a file may be looked at that is open by O_PATH, by which no file system was asked yet. */
export type FileGuard = (descriptor: number, file: string | Buffer) => boolean;

/** What a guard has refused: a file system might keep this program waiting. */
export const GUARDED: Refused = { errno: "EWOULDBLOCK" };

/** Of a file, links followed. With a guard, `file` is a link of the kernel's: on the way to it nothing is asked either. */
export function fileIdentity(file: string | Buffer, guard?: FileGuard): FileIdentity | Refused {
  if (guard !== undefined) {
    return held(file, O_PATH, guard, (descriptor) => identified(fstatSync(descriptor, { bigint: true })));
  }
  try {
    return identified(statSync(file, { bigint: true }));
  } catch (error) {
    return refusedBy(error);
  }
}

function identified(stats: BigIntStats): FileIdentity {
  const { dev, ino, mtimeNs, ctimeNs, size, nlink, uid } = stats;
  // As gnu_dev_major and gnu_dev_minor have it.
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n);
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n);
  return {
    key: `${dev}:${ino}`,
    device: `${major.toString(16).padStart(2, "0")}:${minor.toString(16).padStart(2, "0")}`,
    inode: `${ino}`,
    version: `${mtimeNs} ${ctimeNs} ${size}`,
    isDeleted: nlink === 0n,
    isRegular: stats.isFile(),
    owner: Number(uid),
  };
}

/** An open file, for as long as `use` takes. Its bytes are read, never mapped: a file that shrinks then kills nobody. */
export interface OpenFile {
  readonly identity: FileIdentity;
  readonly size: number;
  read(offset: number, length: number): Uint8Array;
}

/** Open for as long as `use` takes. */
function held<T>(
  file: string | Buffer,
  flags: number,
  guard: FileGuard | undefined,
  use: (descriptor: number) => T,
): T | Refused {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, flags);
    return guard === undefined || guard(descriptor, file) ? use(descriptor) : GUARDED;
  } catch (error) {
    return refusedBy(error);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/**
 * `file` is a path, or a link of the kernel's to an open file (`isKernelLink`). Only a regular file is opened: opening a
 * device can act upon it; and what is opened is what was looked at, whatever its name leads to by then. What `use` throws is
 * refused too if it is a failed system call.
 */
export function withFile<T>(
  file: string | Buffer,
  isKernelLink: boolean,
  use: (file: OpenFile) => T,
  guard?: FileGuard,
): T | Refused {
  return held(file, O_PATH | (isKernelLink ? 0 : O_NOFOLLOW), guard, (place) => {
    if (!fstatSync(place).isFile()) return { errno: "EINVAL" };
    return held(ownDescriptor(place), O_RDONLY | O_NONBLOCK | O_NOCTTY, undefined, (opened) => {
      const stats = fstatSync(opened, { bigint: true });
      const read: OpenFile["read"] = (offset, length) => readAt(opened, offset, length);
      return use({ identity: identified(stats), size: Number(stats.size), read });
    });
  });
}

/** `offset` may be an address. Shorter at the end of the file. */
function readAt(descriptor: number, offset: number | bigint, length: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const position = typeof offset === "bigint" ? offset + BigInt(done) : offset + done;
    const count = readSync(descriptor, bytes, done, length - done, position);
    if (count === 0) break;
    done += count;
  }
  return bytes.subarray(0, done);
}

/** In bytes: no more is read of a process's memory at once, whatever it has mapped. */
export const MOST_MEMORY = 64 * 1024;
/** Above are no addresses of programs, and none that can be read from. */
const MOST_ADDRESS = 2n ** 63n - BigInt(MOST_MEMORY);

/**
 * `read` gives bytes of a process's memory at an address, MOST_MEMORY at most; fewer, or refused, where nothing is mapped.
 * Refused at once where `mayHarm`: behind a page of its memory may stand a file whose server never answers.
 */
export function withMemory<T>(
  { folder, mayHarm }: { readonly folder: string; readonly mayHarm: () => boolean },
  use: (read: (address: bigint, length: number) => Uint8Array | Refused) => T,
): T | Refused {
  if (mayHarm()) return GUARDED;
  let descriptor: number;
  try {
    descriptor = openSync(`${folder}/mem`, O_RDONLY);
  } catch (error) {
    return refusedBy(error);
  }
  try {
    return use((address, length) => {
      if (address < 0n || address > MOST_ADDRESS || length > MOST_MEMORY) return { errno: "EFAULT" };
      try {
        return readAt(descriptor, address, length);
      } catch (error) {
        return refusedBy(error);
      }
    });
  } finally {
    closeSync(descriptor);
  }
}
