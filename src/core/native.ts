// The typed door to the addon: the table codec that the shim is built from, the few system calls Node lacks, and those that it makes a hundred thousand times.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import nodeGypBuild from "node-gyp-build";
import type { SocketFamily, SocketPlace, SocketRow } from "./sockets/row.ts";

/** Why bytes are not a table. `short`, `long`: not 4096 bytes. `foreign`: no magic. `future`: a version this build does not know. */
export type TableFault = "short" | "long" | "foreign" | "future" | "damaged";

/** A decoded table (format v1, portreserve.table(5)). */
export interface NativeTable {
  readonly generation: bigint;
  readonly retired: boolean;
  /** SHA-256 of the canonical inputs, 32 bytes. */
  readonly digest: Uint8Array;
  /** Reserved ports, ascending, each 0 to 1023. */
  readonly tcp: readonly number[];
  readonly udp: readonly number[];
}

/** An extended attribute of a file, such as its SELinux label ("security.selinux"). */
export interface Attribute {
  readonly name: string;
  readonly value: Uint8Array;
}

/** A file of a folder: its permission bits with setuid, setgid and sticky, and the number of its user. */
export interface MarkedFile {
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly value?: Uint8Array;
}

/** What a socket of another process was told, and what it does. */
export interface OtherSocket {
  /** AF_INET is 2, AF_INET6 10. */
  readonly family: number;
  /** IPPROTO_TCP is 6, IPPROTO_UDP 17. */
  readonly protocol: number;
  /** 0 where it has none. */
  readonly port: number;
  readonly reuseAddress: boolean;
  readonly reusePort: boolean;
  readonly listens: boolean;
  /** Of SO_BINDTODEVICE; 0: none. */
  readonly interfaceIndex: number;
}

/** A socket that was ended. Addresses as inet_ntop(3) writes them. */
export interface EndedSocket {
  readonly address: string;
  readonly peerAddress: string;
  readonly peerPort: number;
  readonly inode: number;
}

/**
 * One function of these, the name of a file in the folder (empty: the folder itself), and what else the function takes. A
 * link that does not say `text`, if that is there, is the last question.
 */
export type AheadQuestion = readonly [
  call: "readSmall" | "readCodeLines" | "readLink" | "identity" | "linksLike" | "filesMarked",
  name: string,
  text?: string,
  bits?: number,
];

/** Of each folder all of the questions are asked, up to one that is refused. */
export type AheadGroup = readonly [folders: readonly string[], questions: readonly AheadQuestion[]];

export interface Native {
  /** Size of a table in bytes. */
  readonly tableSize: number;
  /** What a table begins with, 8 bytes. */
  readonly magic: Uint8Array;
  /** Where a table's mark is, and what it says while in force and once retired. */
  readonly markOffset: number;
  readonly inForceMark: Uint8Array;
  readonly retiredMark: Uint8Array;
  /** Deterministic: equal arguments give equal bytes. Throws RangeError-like errors with `code` for a port above 1023 or a digest that is not 32 bytes. */
  encodeTable(table: {
    generation: bigint;
    digest: Uint8Array;
    tcp: readonly number[];
    udp: readonly number[];
  }): Uint8Array;
  decodeTable(bytes: Uint8Array): { fault: TableFault } | { table: NativeTable };
  /** getxattr(2), links followed; undefined where the file has no such attribute. Throws with `code` (errno name). */
  attribute(path: string, name: string): Uint8Array | undefined;
  /** Every extended attribute of an open file; none where its file system has none. Throws with `code` (errno name). */
  attributes(fd: number): readonly Attribute[];
  /** fsetxattr(2). Throws with `code` (errno name). */
  setAttribute(fd: number, name: string, value: Uint8Array): void;
  /** flock(2), exclusive. Returns false only when `wait` is false and another process holds it. Throws with `code` (errno name). */
  lockFile(fd: number, wait: boolean): boolean;
  /** Whether what is written to it can still be read by somebody; always true of files. Throws with `code` (errno name). */
  hasReader(fd: number): boolean;
  /** Marks every descriptor but the standard ones to be closed by exec(). Throws with `code` where there is no /proc. */
  closeOnExec(): void;
  /**
   * keyctl(2): an empty session keyring of its own for this process and for every program that it starts from then on.
   * Throws with `code` (errno name): ENOSYS where the kernel has no keys, EPERM where they are forbidden, EDQUOT.
   */
  newSessionKeyring(): void;
  /**
   * pidfd_open(2): a descriptor of a process, to be closed by the caller, that never comes to mean another one. Throws with
   * `code` (errno name): ESRCH where there is none, ENOSYS before Linux 5.3.
   */
  openProcess(pid: number): number;
  /** pidfd_send_signal(2), by a descriptor of `openProcess`. Throws with `code` (errno name): ESRCH once it has ended. */
  signalProcess(descriptor: number, signal: number): void;
  /**
   * Sockets of this network namespace with a local port of 1 to 1023, in any state, as sock_diag(7) lists them. Before
   * Linux 6.8 no list has the TCP sockets that are bound and neither listen nor are connected. Throws with `code`
   * (errno name, or E and its number): ENOENT where the kernel has no such list, EPERM or EACCES where it is refused,
   * E11 (EAGAIN) when it changed in each of five attempts.
   */
  sockets(protocol: "tcp" | "udp", family: SocketFamily): readonly SocketRow[];
  /**
   * Ends each TCP socket of this network with the local port `port`, 1 to 1023, and one of these inodes, as if its
   * connection had been reset, unless it listens: SOCK_DESTROY of sock_diag(7). What was bound and never connected stays, and
   * so does what has no inode: connections that nobody has accepted yet, and those that end by themselves.
   * Gives those that were ended. Throws with `code` (errno name): ENOTSUP where the kernel was built without
   * CONFIG_INET_DIAG_DESTROY, EPERM without CAP_NET_ADMIN.
   */
  endSockets(port: number, inodes: readonly number[]): readonly EndedSocket[];
  /**
   * pidfd_getfd(2) and getsockopt(2) of descriptors of process `pid`, one by one: undefined where that is not, or no longer,
   * the socket with this inode. Throws with `code` (errno name): ESRCH, EPERM where ptrace(2) would be refused, ENOSYS before
   * Linux 5.6, ETIMEDOUT where that process keeps who looks waiting, which is given five seconds.
   */
  readOtherSockets(pid: number, places: readonly SocketPlace[]): readonly (OtherSocket | undefined)[];
  /** Sets SO_REUSEADDR on it; false where it is not that socket. Throws as `readOtherSockets`. */
  shareOtherSocket(pid: number, fd: number, inode: number): boolean;
  /**
   * The bytes of a file of /proc into `buffer`, from its start: how many, or the negative of an errno value; -EFBIG where
   * the buffer is too small.
   */
  readSmall(path: string, buffer: Buffer): number;
  /**
   * The same of /proc/PID/maps: its first line, and those that are mapped to run code from or have `text` in them.
   */
  readCodeLines(path: string, buffer: Buffer, text: string): number;
  /** What a link says, one character for each byte; or the negative of an errno value. */
  readLink(path: string): string | number;
  /** "DEV:INODE" as stat(2) has them, links followed; or the negative of an errno value. */
  identity(path: string): string | number;
  /**
   * "NAME TEXT" of each link in a folder whose text begins with `start`; null where none of its names could be read as a
   * link. The negative of an errno value where some of it is refused; what goes away meanwhile is left out.
   */
  linksLike(folder: string, start: string): readonly string[] | null | number;
  /**
   * The regular files in a folder, links left out, that have one of the mode `bits` or an extended attribute `name`;
   * `value` is that attribute's. None where the folder cannot be read.
   */
  filesMarked(folder: string, bits: number, name: string): readonly MarkedFile[];
  /**
   * What is in a folder, links not followed, in no order: each name, one character for each byte, and behind it
   * "DEV:INODE MTIME CTIME SIZE UID" of a regular file, times in nanoseconds; "" of anything else. None where it cannot be
   * read.
   */
  filesStamped(folder: string): readonly string[];
  /** What `setFlagsFromString` of node:v8 does, without the half of Node that it loads. False where this Node has no such function. */
  setEngineFlags(flags: string): boolean;
  /**
   * Has another thread ask all this, in order, and ends what an earlier call has begun. What it finds lies ready for
   * `takeBatch`, up to 32 MiB.
   */
  readAhead(groups: readonly AheadGroup[]): void;
  /**
   * From here on, what was read ahead of `folder` answers these very questions, each once; and no longer what was read of
   * another folder. False where nothing was, or it is not there yet: then each is asked when it comes. Undefined: of none.
   */
  takeBatch(folder: string | undefined): boolean;
  /**
   * execvp(3) in this process, after setting the given environment variables; signal dispositions and descriptors are
   * handed on as Node was given them. Returns only by throwing with `code` (errno name).
   */
  execute(command: readonly (string | Uint8Array)[], variables: Readonly<Record<string, string>>): never;
}

const here = path.dirname(fileURLToPath(import.meta.url));

/** The package's own folder: where package.json, build/ or prebuilds/ are. In the bundle, this code is in dist/ itself. */
export const packageRoot: string = path.dirname(path.basename(here) === "core" ? path.dirname(here) : here);

let loaded: Native | undefined;
let file: string | undefined;

/** There is no addon for this machine beside this package: it was not built, or the package has none for it. */
export class AddonMissing extends Error {}

/** Of the addon. Throws AddonMissing. */
function addonFile(): string {
  try {
    file ??= nodeGypBuild.path(packageRoot);
    return file;
  } catch (cause) {
    throw new AddonMissing(`no native parts for ${process.platform} ${process.arch} in '${packageRoot}'`, { cause });
  }
}

/** It is there, and does not load: it is damaged, or for another machine, or newer than this host's libraries. */
export class AddonUnusable extends Error {}

/** Loads the addon on first use, so that verbs that do not need it start without it. Throws AddonMissing or AddonUnusable. */
export function native(): Native {
  loaded ??= load(addonFile());
  return loaded;
}

function load(file: string): Native {
  try {
    // The loader maps a file that was cut short without a look at its size, and Node dies of the pages that are not there.
    if (isCutShort(file)) throw new Error("its end is missing");
    // As require() does it, without looking for what is found already.
    const addon: { readonly exports: object } = { exports: {} };
    process.dlopen(addon, file);
    return addon.exports as Native;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new AddonUnusable(`the native part '${file}' does not load: ${why}`, { cause });
  }
}

/** Whether a 64-bit ELF file ends before its table of sections does, which is the last thing in it. */
function isCutShort(file: string): boolean {
  const fd = openSync(file, "r");
  try {
    const header = Buffer.alloc(64);
    if (readSync(fd, header, 0, 64, 0) < 64) return true;
    if (header.readUInt32BE(0) !== 0x7f454c46) return false;
    const sections = BigInt(header.readUInt16LE(58) * header.readUInt16LE(60));
    return header.readBigUInt64LE(40) + sections > BigInt(fstatSync(fd).size);
  } finally {
    closeSync(fd);
  }
}

/** The folder that holds the addon, and beside it the shim and the probe. Throws AddonMissing. */
export function nativeFolder(): string {
  return path.dirname(addonFile());
}
