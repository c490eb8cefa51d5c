// The sockets that one process has open, looked at by copies of its descriptors.
import { readdirSync } from "node:fs";
import { native, type OtherSocket } from "../../core/native.ts";
import {
  isRefused,
  namespaceOf,
  processFolder,
  type Refused,
  readLink,
  refusedBy,
} from "../../system/proc/process-files.ts";

export interface OpenSocket {
  /** The first of the process's descriptors that lead to it. */
  readonly fd: number;
  readonly inode: number;
  readonly socket: OtherSocket;
}

/** By descriptor, each once. Those that are closed meanwhile are left out. */
export function readOpenSockets(pid: number, isWanted: (inode: number) => boolean): readonly OpenSocket[] | Refused {
  const folder = `${processFolder(pid)}/fd`;
  try {
    const found = new Map<number, OpenSocket>();
    for (const fd of readdirSync(folder).map(Number)) {
      const link = readLink(`${folder}/${fd}`);
      const inode = isRefused(link) ? Number.NaN : Number(/^socket:\[(\d+)\]$/.exec(link)?.[1]);
      if (!isWanted(inode) || found.has(inode)) continue;
      const socket = native().readOtherSocket(pid, fd, inode);
      if (socket !== undefined) found.set(inode, { fd, inode, socket });
    }
    return [...found.values()];
  } catch (error) {
    return refusedBy(error);
  }
}

/** Whether its rights are those of a user namespace of its own, as a container's may be; true also where that cannot be told. */
export function hasOtherUsers(pid: number): boolean {
  const own = namespaceOf(processFolder("self"), "user");
  const theirs = namespaceOf(processFolder(pid), "user");
  return isRefused(own) || isRefused(theirs) || own !== theirs;
}
