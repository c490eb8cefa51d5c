// What is done to the sockets of others: one gets the flag with which it shares its port, the kernel's own are ended.
import { type EndedSocket, native } from "../../core/native.ts";
import { errnoOf, reasonOf } from "../app-error.ts";

/** `gone`: the process has closed it, or ended. */
export type Shared = { readonly outcome: "shared" | "gone" } | { readonly outcome: "failed"; readonly reason: string };

/** SO_REUSEADDR on the socket with this inode, by a copy of a process's descriptor: the process notices nothing. */
export function shareSocket(pid: number, fd: number, inode: number): Shared {
  try {
    return { outcome: native().shareOtherSocket(pid, fd, inode) ? "shared" : "gone" };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return errno === "ESRCH" || errno === "EBADF"
      ? { outcome: "gone" }
      : { outcome: "failed", reason: reasonOf(error) };
  }
}

/** `unsupported`: this kernel cannot end sockets. */
export type Ended =
  | { readonly outcome: "ended"; readonly sockets: readonly EndedSocket[] }
  | { readonly outcome: "unsupported" }
  | { readonly outcome: "failed"; readonly reason: string };

/** TCP sockets with this port that no process has, by their inodes: as if their connections had been reset. */
export function endKernelSockets(port: number, inodes: readonly number[]): Ended {
  try {
    return { outcome: "ended", sockets: native().endSockets(port, inodes) };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return errno === "ENOTSUP" ? { outcome: "unsupported" } : { outcome: "failed", reason: reasonOf(error) };
  }
}
