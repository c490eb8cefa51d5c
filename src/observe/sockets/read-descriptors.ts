// Which processes have a socket open, by the links in their descriptor folders.
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { errnoOf } from "../../system/app-error.ts";
import type { Search } from "./socket-facts.ts";

/**
 * Looks into all of `pids`, since a socket may have many holders. Not seen: a socket on its way between processes
 * (SCM_RIGHTS), and one in the descriptor table that a thread keeps for itself (CLONE_FILES undone) while its
 * process's first thread lives.
 */
export function findHolders(inodes: ReadonlySet<number>, pids: Iterable<number>): Search {
  const holders = new Map<number, number[]>();
  let refused = 0;
  for (const pid of [...new Set(pids)].sort((a, b) => a - b)) {
    const open = socketsOfProcess(pid);
    if (open === undefined) refused++;
    for (const inode of new Set(open)) {
      if (!inodes.has(inode)) continue;
      const known = holders.get(inode);
      if (known === undefined) holders.set(inode, [pid]);
      else known.push(pid);
    }
  }
  return { holders, refused, hidden: !existsSync("/proc/1") };
}

/** Inodes of its sockets; undefined where some of it is refused, none for a process that is gone. */
function socketsOfProcess(pid: number): number[] | undefined {
  const links = linksIn(`/proc/${pid}/fd`);
  if (links === undefined) return undefined;
  return (links.length > 0 ? links : linksOfThreads(pid))?.map(inodeOf).filter((inode) => inode !== undefined);
}

/** A process outlives its first thread, whose folder is empty from then on. */
function linksOfThreads(pid: number): string[] | undefined {
  for (const thread of namesIn(`/proc/${pid}/task`) ?? []) {
    const links = thread === String(pid) ? [] : linksIn(`/proc/${pid}/task/${thread}/fd`);
    if (links === undefined || links.length > 0) return links;
  }
  return [];
}

function linksIn(folder: string): string[] | undefined {
  const links: string[] = [];
  const names = namesIn(folder);
  if (names === undefined) return undefined;
  for (const name of names) {
    try {
      links.push(readlinkSync(`${folder}/${name}`));
    } catch (error) {
      if (!isGone(error)) return undefined;
    }
  }
  return links;
}

function namesIn(folder: string): string[] | undefined {
  try {
    return readdirSync(folder);
  } catch (error) {
    return isGone(error) ? [] : undefined;
  }
}

function isGone(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === "ENOENT" || errno === "ESRCH";
}

function inodeOf(link: string): number | undefined {
  return link.startsWith("socket:[") ? Number(link.slice("socket:[".length, -1)) : undefined;
}
