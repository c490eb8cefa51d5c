// Which processes have a socket open, by the links in their descriptor folders.
import { existsSync } from "node:fs";
import type { AheadGroup } from "../../core/native.ts";
import type { SocketPlace } from "../../core/sockets/row.ts";
import {
  answersAhead,
  isGone,
  isRefused,
  linksLike,
  processFolder,
  type Refused,
  threadIds,
} from "../../system/proc/process-files.ts";
import type { Search } from "./socket-facts.ts";

/** What `findHolders` will ask, for `askAhead`. */
export function holderQuestions(pids: Iterable<number>): AheadGroup {
  return [[...new Set(pids)].sort((a, b) => a - b).map((pid) => processFolder(pid)), [["linksLike", "fd", SOCKET]]];
}

/**
 * Looks into all of `pids`, since a socket may have many holders. Not seen: a socket on its way between processes
 * (SCM_RIGHTS), and one in the descriptor table that a thread keeps for itself (CLONE_FILES undone) while its
 * process's first thread lives.
 */
export function findHolders(inodes: ReadonlySet<number>, pids: Iterable<number>): Search {
  const holders = new Map<number, number[]>();
  let refused = 0;
  for (const pid of [...new Set(pids)].sort((a, b) => a - b)) {
    answersAhead(processFolder(pid));
    const open = socketDescriptors(pid);
    if (isRefused(open)) {
      if (!isGone(open)) refused++;
      continue;
    }
    for (const inode of new Set(open.map((one) => one.inode))) {
      if (!inodes.has(inode)) continue;
      const known = holders.get(inode);
      if (known === undefined) holders.set(inode, [pid]);
      else known.push(pid);
    }
  }
  answersAhead(undefined);
  return { holders, refused, hidden: !existsSync("/proc/1") };
}

/** By descriptor; refused where some of it is. The only walk through a process's descriptors: one call, however many it has. */
export function socketDescriptors(pid: number): readonly SocketPlace[] | Refused {
  const links = socketLinks(processFolder(pid));
  return links === "none" ? descriptorsOfThreads(pid) : links;
}

/** A process outlives its first thread, whose folder is empty from then on. */
function descriptorsOfThreads(pid: number): readonly SocketPlace[] | Refused {
  const threads = threadIds(pid);
  if (isRefused(threads)) return threads;
  for (const thread of threads) {
    const links = thread === pid ? "none" : socketLinks(processFolder(pid, thread));
    if (links !== "none") return links;
  }
  return [];
}

/** "none": no descriptor is open there, or there is no such folder any more. */
function socketLinks(folder: string): readonly SocketPlace[] | "none" | Refused {
  const links = linksLike(`${folder}/fd`, SOCKET);
  if (links === undefined) return "none";
  if (isRefused(links)) return isGone(links) ? "none" : links;
  return links.map((link) => {
    const [fd = "", text = ""] = link.split(" ");
    return { fd: Number(fd), inode: Number(text.slice(SOCKET.length, -1)) };
  });
}

const SOCKET = "socket:[";
