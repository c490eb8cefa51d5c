// Opens the very file that a process has mapped, whatever its path leads to by now.
import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync, statSync } from "node:fs";
import { type Refused, refusedBy } from "../../system/proc/process-files.ts";

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

/** Of a file, links followed. */
export function fileIdentity(file: string | Buffer): FileIdentity | Refused {
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

/**
 * `file` is a path, or a link of the kernel's to an open file (`isKernelLink`). Only a regular file is opened: opening a
 * device can act upon it. What `use` throws is refused too if it is a failed system call.
 */
export function withFile<T>(file: string | Buffer, isKernelLink: boolean, use: (file: OpenFile) => T): T | Refused {
  let descriptor: number | undefined;
  try {
    if (!statSync(file).isFile()) return { errno: "EINVAL" };
    const flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | (isKernelLink ? 0 : O_NOFOLLOW);
    descriptor = openSync(file, flags);
    const opened = descriptor;
    const stats = fstatSync(opened, { bigint: true });
    const identity = identified(stats);
    if (!identity.isRegular) return { errno: "EINVAL" };
    return use({ identity, size: Number(stats.size), read: (offset, length) => readAt(opened, offset, length) });
  } catch (error) {
    return refusedBy(error);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
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

/** `read` gives bytes of a process's memory at an address; fewer, or refused, where nothing is mapped. */
export function withMemory<T>(
  folder: string,
  use: (read: (address: bigint, length: number) => Uint8Array | Refused) => T,
): T | Refused {
  let descriptor: number;
  try {
    descriptor = openSync(`${folder}/mem`, O_RDONLY);
  } catch (error) {
    return refusedBy(error);
  }
  try {
    return use((address, length) => {
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
