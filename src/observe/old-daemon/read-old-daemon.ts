// What of the portreserve daemon of old is on this host: its program, what starts it, what runs, and who calls portrelease.
import { statSync } from "node:fs";
import { isOldProgram, type ReleaseCall, releaseCall, startsOldDaemon, stoppedLink } from "../../core/old-daemon.ts";
import { fileName } from "../../core/text.ts";
import { orUndefined } from "../../system/app-error.ts";
import { lstatEntry, namesIn } from "../../system/files/entry.ts";
import { isFault, readUnder } from "../../system/files/read-file.ts";
import { resolveUnder } from "../../system/files/rooted.ts";
import {
  OLD_DAEMON_DPKG_LIST,
  OLD_DAEMON_PROGRAMS,
  OLD_DAEMON_SCRIPT,
  RUNLEVEL_FOLDERS,
  SCRIPT_FOLDERS,
} from "../../system/paths.ts";
import {
  identityOf,
  isRefused,
  namespaceOf,
  processFolder,
  processIds,
  readBytes,
  readLink,
} from "../../system/proc/process-files.ts";
import { unitOfCgroup } from "../processes/cgroup.ts";
import { parseStat } from "../processes/stat.ts";
import { unitsThatName } from "../units/read-unit-files.ts";

/** One that runs on this host, in the host's own network. */
export interface OldProcess {
  readonly pid: number;
  /** Its program, as the kernel calls it. */
  readonly program: string;
  /** In hundredths of a second after the machine was started. */
  readonly startedAt: number;
  readonly unit: string | undefined;
}

export interface OldDaemon {
  readonly programs: readonly string[];
  readonly scripts: readonly string[];
  /** Links of runlevels that start the script. */
  readonly links: readonly string[];
  /** Files of units that start the program. */
  readonly units: readonly string[];
  readonly processes: readonly OldProcess[];
  /** Scripts, units and drop-ins. */
  readonly callers: readonly { readonly file: string; readonly call: ReleaseCall }[];
  /** Whether dpkg knows the program as one of the package's. */
  readonly isPackaged: boolean;
}

/** A script of init or a list of dpkg is not longer; nor are there more scripts. */
const LIMIT = 256 * 1024;
const MOST_SCRIPTS = 1000;

export function readOldDaemon(root: string): OldDaemon {
  const packaged = textOf(root, OLD_DAEMON_DPKG_LIST)?.split("\n") ?? [];
  return {
    ...oldDaemonFiles(root),
    programs: eachOnce(root, OLD_DAEMON_PROGRAMS).filter((file) => isThere(root, file)),
    processes: root === "/" ? oldProcesses() : [],
    callers: callersOfRelease(root),
    isPackaged: packaged.some(isOldProgram),
  };
}

/** What would start it. */
export function oldDaemonFiles(root: string): Pick<OldDaemon, "scripts" | "links" | "units"> {
  return {
    scripts: eachOnce(root, SCRIPT_FOLDERS)
      .map((folder) => `${folder}/${OLD_DAEMON_SCRIPT}`)
      .filter((file) => isThere(root, file)),
    links: eachOnce(root, RUNLEVEL_FOLDERS).flatMap((folder) =>
      namesIn(root, folder)
        .filter((name) => stoppedLink(name) !== undefined)
        .map((name) => `${folder}/${name}`),
    ),
    units: unitsThatName(root, OLD_DAEMON_SCRIPT)
      .filter(({ path, text }) => path.endsWith(".service") && startsOldDaemon(text))
      .map(({ path }) => path),
  };
}

/** What cannot be looked at is not taken for it. */
function isThere(root: string, file: string): boolean {
  return ["file", "link"].includes(lstatEntry(root, file).kind);
}

/** Each file or folder that there is, once: on many hosts one of them is a link to the other, or lies in such a one. */
function eachOnce(root: string, paths: readonly string[]): readonly string[] {
  const seen = new Map<string, string>();
  for (const file of paths) {
    const real = orUndefined(() => resolveUnder(root, file).toString("latin1"));
    if (real !== undefined && !seen.has(real)) seen.set(real, file);
  }
  return [...seen.values()];
}

function callersOfRelease(root: string): OldDaemon["callers"] {
  const scripts = eachOnce(root, SCRIPT_FOLDERS).flatMap((folder) =>
    namesIn(root, folder)
      .slice(0, MOST_SCRIPTS)
      .filter((name) => name !== OLD_DAEMON_SCRIPT)
      .map((name) => ({ path: `${folder}/${name}`, text: textOf(root, `${folder}/${name}`) ?? "" })),
  );
  return [...scripts, ...unitsThatName(root, "portrelease")].flatMap(({ path, text }) => {
    const call = releaseCall(text);
    return call === undefined ? [] : [{ file: path, call }];
  });
}

function textOf(root: string, file: string): string | undefined {
  const read = readUnder(root, file, LIMIT);
  return isFault(read) ? undefined : read.bytes.toString("latin1");
}

/** Only root sees the program of every process. What root alone can have put there is taken for it, and in the host's network. */
export function oldProcesses(): readonly OldProcess[] {
  const own = processFolder("self");
  const [network, mounts, users] = [namespaceOf(own, "net"), namespaceOf(own, "mnt"), namespaceOf(own, "user")];
  return processIds().flatMap((pid): OldProcess[] => {
    const folder = processFolder(pid);
    const program = readLink(`${folder}/exe`);
    if (isRefused(program) || !isOldProgram(program)) return [];
    // With users of its own it is a container's, and who made it may have made the file system too, which need not answer.
    if (!isSame(namespaceOf(folder, "net"), network) || !isSame(namespaceOf(folder, "user"), users)) return [];
    if (!isRoots(`${folder}/exe`)) return [];
    // In a container the same path is another file.
    if (!isSame(namespaceOf(folder, "mnt"), mounts) && !isHosts(`${folder}/exe`)) return [];
    if (isReleasing(folder)) return [];
    const startedAt = startOf(pid);
    if (startedAt === undefined) return [];
    const cgroup = readBytes(`${folder}/cgroup`);
    return [{ pid, program, startedAt, unit: isRefused(cgroup) ? undefined : unitOfCgroup(cgroup) }];
  });
}

/** Whether it has not ended. */
export function isStillThere({ pid, startedAt }: OldProcess): boolean {
  return startOf(pid) === startedAt;
}

/** Undefined for one that has ended, or is about to. */
function startOf(pid: number): number | undefined {
  const read = readBytes(`${processFolder(pid)}/stat`);
  const stat = isRefused(read) ? undefined : parseStat(read);
  return stat === undefined || stat.isEnding ? undefined : stat.startedAt;
}

function isSame(found: ReturnType<typeof namespaceOf>, wanted: typeof found): boolean {
  return !isRefused(found) && found === wanted;
}

/** Nobody else than root can have written it: the very file that runs, also where it has no name any more. */
function isRoots(program: string): boolean {
  const stats = orUndefined(() => statSync(program));
  return stats !== undefined && stats.uid === 0 && (stats.mode & 0o022) === 0;
}

function isHosts(program: string): boolean {
  const identity = identityOf(program);
  return !isRefused(identity) && OLD_DAEMON_PROGRAMS.some((file) => identityOf(file) === identity);
}

/** portrelease is a link to the daemon's program; it ends by itself. */
function isReleasing(folder: string): boolean {
  const line = readBytes(`${folder}/cmdline`);
  return !isRefused(line) && fileName(line.toString("latin1").split("\0", 1)[0] ?? "") === "portrelease";
}
