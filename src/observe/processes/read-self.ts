// This process and the machine, as every process found in /proc is compared with them.
import { Buffer } from "node:buffer";
import { tableBytes } from "../../system/files/table-file.ts";
import { TABLE_FILE } from "../../system/paths.ts";
import {
  identityOf,
  isRefused,
  machineFile,
  namespaceOf,
  processFolder,
  type Refused,
  readBytes,
  readLines,
  readLink,
} from "../../system/proc/process-files.ts";
import { reservationsIn } from "./read-other-root.ts";
import { capabilities, filtersIn } from "./status.ts";

/** Undefined: it cannot be told. */
export interface Self {
  readonly asRoot: boolean;
  readonly mounts: string | undefined;
  readonly network: string | undefined;
  /** Identity and path of the root. */
  readonly root: string | undefined;
  readonly rootPath: string | undefined;
  /** The user namespace. */
  readonly users: string | undefined;
  /** The identity of the host's table, and what it reserves: see `reservationsIn`. */
  readonly table: string | undefined;
  readonly reservations: string | undefined;
  /** Processes have a security domain here. */
  readonly hasDomains: boolean;
  readonly groups: readonly number[];
  /** It has CAP_SYS_PTRACE, which every look into another user's process asks for. */
  readonly mayTrace: boolean;
  /** How many seccomp filters process 1 has. */
  readonly hostFilters: number;
}

export function self(): Self {
  const host = readBytes(`${processFolder(1)}/status`);
  const hostFilters = isRefused(host) ? 0 : filtersIn(host);
  const folder = processFolder("self");
  const bytes = tableBytes("/");
  const known = <T>(value: T | { readonly errno: string }): T | undefined =>
    isRefused(value) ? undefined : (value as T);
  return {
    asRoot: process.geteuid?.() === 0,
    mounts: known(namespaceOf(folder, "mnt")),
    network: known(namespaceOf(folder, "net")),
    root: known(identityOf(`${folder}/root`)),
    rootPath: known(readLink(`${folder}/root`)),
    users: known(namespaceOf(folder, "user")),
    table: known(identityOf(TABLE_FILE)),
    reservations: bytes === undefined ? undefined : reservationsIn(bytes),
    hasDomains: !isRefused(readBytes(`${folder}/attr/current`)),
    groups: [process.getegid?.() ?? -1, ...(process.getgroups?.() ?? [])],
    mayTrace: ((effectiveOf(readBytes(`${folder}/status`)) ?? 0n) & SYS_PTRACE) !== 0n,
    hostFilters,
  };
}

/** The clocks of the machine, each undefined where it cannot be read, and the time when that was: for `bootTime`. */
export function clocks(): readonly [uptime: Buffer | undefined, stat: Buffer | undefined, now: number] {
  const bytes = (name: string): Buffer | undefined => {
    const read = readBytes(machineFile(name));
    return isRefused(read) ? undefined : Buffer.from(read);
  };
  const stat = bytes("stat");
  return [bytes("uptime"), stat, Date.now()];
}

function effectiveOf(status: Buffer | Refused): bigint | undefined {
  return isRefused(status) ? undefined : capabilities(status, "CapEff");
}

/** CAP_SYS_PTRACE of linux/capability.h. */
const SYS_PTRACE = 1n << 19n;

/** The mounts of a process, as /proc/PID/mountinfo has them; undefined where it may not be looked at. */
export function readMounts(folder: string): Buffer | undefined {
  const pieces: Buffer[] = [];
  const refused = readLines(`${folder}/mountinfo`, (lines) => {
    pieces.push(Buffer.from(lines));
    return undefined;
  });
  return refused === undefined ? Buffer.concat(pieces) : undefined;
}
