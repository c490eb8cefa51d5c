// What was seen of the kernel itself, as plain data.
import type { Seen } from "../core/seen.ts";

export interface KernelFacts {
  /** "6.1.0-18-amd64" */
  readonly release: string;
  /** The kernel's own RPC client, by which NFS is mounted; undefined while it is not loaded. Ports inclusive. */
  readonly sunrpc: Seen<{ readonly min: number; readonly max: number }> | undefined;
  /** NFS mounts of this mount namespace. */
  readonly nfs: readonly {
    readonly target: string;
    readonly noresvport: boolean;
    /** Version 4, or with nolock: nothing asks rpc.statd to watch its locks. */
    readonly needsNoStatd?: true;
  }[];
  /** The kernel's NFS server is there, which calls its clients back. */
  readonly nfsServer?: true;
  /** Mounts of 9p through TCP or RDMA, if there are any. `privport`: false where the kernel does not show it, as for TCP since Linux 4.12. */
  readonly plan9?: readonly { readonly target: string; readonly privport: boolean }[];
  /** Ports that the kernel's lock manager was told to listen on; 0 is any above 1023. Absent while it is not loaded. */
  readonly lockd?: { readonly tcp: number; readonly udp: number } | undefined;
  /** The first port that needs no privilege; 1024 unless somebody changed it. */
  readonly unprivilegedPortStart: number;
  /** The first port that the kernel chooses by itself; absent where nobody has looked, since it is above 1023 by the line before. */
  readonly localPortsFrom?: number;
  /** There is a BMC, which swallows what comes for 623 and 664. */
  readonly hasIpmi: boolean;
  /** Every process that could hold a socket of this network can be seen in this /proc (with the right to look). */
  readonly seesEveryProcess: boolean;
  /** Security modules that are active: "apparmor", "selinux"… */
  readonly securityModules: readonly string[];
}
