// Looks at every process of the host: what it is, what it could do, and which files it runs code from.

import type { AheadQuestion } from "../../core/native.ts";
import type { Unseen } from "../../core/seen.ts";
import type { ObjectFacts, ProcessFacts } from "../../coverage/facts.ts";
import {
  answersAhead,
  askAhead,
  isRefused,
  ownId,
  processFolder,
  processIds,
  readBytes,
  threadIds,
} from "../../system/proc/process-files.ts";
import { type ObjectCache, objectCache } from "../programs/known-file.ts";
import { answering } from "./read-answering.ts";
import { fileIdentity } from "./read-mapped-file.ts";
import { type Objects, USERS_TIME, type View } from "./read-mapped-objects.ts";
import { observeProcess, type ProcessScan } from "./read-process.ts";
import { TABLE_NAME } from "./read-process-code.ts";
import { clocks, type Self, self } from "./read-self.ts";
import { blindness } from "./read-visibility.ts";
import { bootTime, type ProcessStat, parseStat, TICK_MILLISECONDS } from "./stat.ts";

export interface ProcessRequest {
  /** Called after each process. */
  readonly onProgress?: (done: number, all: number) => void;
  /** Of an earlier look: what was read of files that have not changed since. It is brought up to date. */
  readonly cache?: ObjectCache;
  /** What this program is, if that is known already. */
  readonly own?: Self;
}

export interface Processes {
  readonly processes: readonly ProcessFacts[];
  readonly objects: Readonly<Record<string, ObjectFacts>>;
  /** Why there may be more processes than these. */
  readonly hidden: Unseen | undefined;
}

/**
 * Has another thread read what `observeProcesses` will ask of each process first, while this one does something else. Only
 * what no file system but the kernel's own is asked for. Gives what this program is, which it has to know for that.
 */
export function beginProcesses(): Self {
  const own = self();
  const { mounts, rootPath, hasDomains } = own;
  const questions: readonly AheadQuestion[] = [
    ["readSmall", "stat"],
    ...(hasDomains ? [["readSmall", "attr/current"] as const] : []),
    ["readSmall", "cgroup"],
    ["readLink", "exe"],
    // Of other mounts, and another root, it is first to be seen that they answer.
    ["readLink", "ns/mnt", mounts ?? "unknown"],
    ["readLink", "root", rootPath ?? "unknown"],
    ["identity", "root"],
    ["readCodeLines", "maps", TABLE_NAME],
  ];
  askAhead([[processIds().map((id) => processFolder(id)), questions]]);
  return own;
}

/**
 * Without kernel threads, this process, and those that ended meanwhile. Blocks for about 0.1 ms for each process, and 0.2
 * ms for each file that is not in the cache.
 */
export function observeProcesses({ onProgress, cache = objectCache(), own = self() }: ProcessRequest = {}): Processes {
  const objects: Objects = {
    found: new Map(),
    cache,
    asRoot: own.asRoot,
    answering: answering(),
    budget: { left: USERS_TIME },
  };
  const look: ProcessScan = {
    self: own,
    objects,
    views: new Map<string, View>(),
    tables: new Map(),
    profiles: new Map(),
    units: new Map(),
  };
  const boot = bootTime(...clocks()) ?? 0;
  const ids = processIds();
  const ownNumber = ownId();
  const processes: ProcessFacts[] = [];
  const pauses = { left: MOST_PAUSES };
  let refused = 0;
  for (const [index, id] of ids.entries()) {
    const found = id === ownNumber ? undefined : observe(look, id, boot, pauses);
    if (found === "refused") refused += 1;
    else if (found !== undefined) processes.push(found);
    onProgress?.(index + 1, ids.length);
  }
  return { processes, objects: Object.fromEntries(objects.found), hidden: blindness(own) ?? refusedBy(own, refused) };
}

/**
 * The key under which a file is among the objects of the processes that have it mapped; undefined where there is no such
 * file, or it cannot be looked at. `path` is the host's.
 */
export function mapKeyOf(path: string | Buffer): string | undefined {
  const identity = fileIdentity(path);
  return isRefused(identity) ? undefined : identity.key;
}

/** Undefined: it is none, or has ended. */
function observe(
  look: ProcessScan,
  id: number,
  boot: number,
  pauses: { left: number },
): ProcessFacts | "refused" | undefined {
  const folder = processFolder(id);
  answersAhead(folder);
  const read = readBytes(`${folder}/stat`);
  if (isRefused(read)) return read.errno === "EACCES" || read.errno === "EPERM" ? "refused" : undefined;
  const stat = parseStat(read);
  if (stat === undefined || stat.isKernelThread) return undefined;
  const living = livingFolder(id, stat);
  if (living === undefined) return undefined;
  const born = Math.round(boot + stat.startedAt * TICK_MILLISECONDS);
  const isAlive = (): boolean => {
    const now = readBytes(`${folder}/stat`);
    const found = isRefused(now) ? undefined : parseStat(now);
    return found !== undefined && found.startedAt === stat.startedAt && livingFolder(id, found) !== undefined;
  };
  const candidate = { id, folder: living, name: stat.name, startedAt: born, isAlive };
  for (let left = LOOKS; left > 0; left -= 1) {
    const isLast = left === 1 || pauses.left <= 0;
    const found = observeProcess(look, candidate, { isLast });
    // What is asked again is asked now.
    answersAhead(undefined);
    if (found !== "again") return found;
    if (isLast) break;
    pauses.left -= 1;
    Atomics.wait(PAUSE, 0, 0, PAUSE_MILLISECONDS);
  }
  return undefined;
}

/** A start takes a millisecond or two, on a busy host somewhat more. */
const LOOKS = 12;
const PAUSE_MILLISECONDS = 2;
/** In one look: somebody can have a thousand processes that never come to be started. */
const MOST_PAUSES = 250;
const PAUSE = new Int32Array(new SharedArrayBuffer(4));

/** A program may go on in other threads when its first one has ended; then what it has is found in theirs. */
function livingFolder(id: number, { isEnding, threads }: ProcessStat): string | undefined {
  if (!isEnding) return processFolder(id);
  if (threads <= 1) return undefined;
  const ids = threadIds(id);
  if (isRefused(ids)) return undefined;
  const living = ids.find((thread) => {
    const read = readBytes(`${processFolder(id, thread)}/stat`);
    return !isRefused(read) && parseStat(read)?.isEnding === false;
  });
  return living === undefined ? undefined : processFolder(id, living);
}

function refusedBy({ asRoot }: Self, refused: number): Unseen | undefined {
  if (refused === 0) return undefined;
  return { unseen: `${refused} processes may not be looked at`, rootWould: !asRoot };
}
