// The sockets that one process has open, looked at by copies of its descriptors.
import { native, type OtherSocket } from "../../core/native.ts";
import { isRefused, namespaceOf, processFolder, type Refused, refusedBy } from "../../system/proc/process-files.ts";
import { socketDescriptors } from "./read-descriptors.ts";

export interface OpenSocket {
  /** The first of the process's descriptors that lead to it. */
  readonly fd: number;
  readonly inode: number;
  readonly socket: OtherSocket;
}

/** By descriptor, each once. Those that are closed meanwhile are left out. */
export function readOpenSockets(pid: number, isWanted: (inode: number) => boolean): readonly OpenSocket[] | Refused {
  const descriptors = socketDescriptors(pid);
  if (isRefused(descriptors)) return descriptors;
  const found = new Map<number, OpenSocket>();
  try {
    const wanted = descriptors.filter(({ inode }) => isWanted(inode));
    for (const [at, socket] of native().readOtherSockets(pid, wanted).entries()) {
      const place = wanted[at];
      if (socket === undefined || place === undefined || found.has(place.inode)) continue;
      found.set(place.inode, { ...place, socket });
    }
  } catch (error) {
    return refusedBy(error);
  }
  return [...found.values()];
}

/** Whether its rights are those of a user namespace of its own, as a container's may be; true also where that cannot be told. */
export function hasOtherUsers(pid: number): boolean {
  const own = namespaceOf(processFolder("self"), "user");
  const theirs = namespaceOf(processFolder(pid), "user");
  return isRefused(own) || isRefused(theirs) || own !== theirs;
}
