// The sockets on a few ports, with what each was told of sharing its port: asked of a copy of its descriptor.
import { native, type OtherSocket } from "../../core/native.ts";
import { isUnseen } from "../../core/seen.ts";
import type { SharedSocket } from "../../coverage/sharing-facts.ts";
import { errnoOf, reasonOf } from "../../system/app-error.ts";
import { isRefused, processIds } from "../../system/proc/process-files.ts";
import { socketDescriptors } from "./read-descriptors.ts";
import { socketsByNetlink } from "./read-socket-lists.ts";
import { observeSocketsBy, type SocketSource, socketListByTable } from "./read-sockets.ts";

export interface SharedSockets {
  readonly sockets: readonly SharedSocket[];
  readonly source: SocketSource;
}

/** Sockets with a local port among `ports`, of 1 to 65535, in any state; of those from 1024 on, no TCP socket that is only bound. */
export function observeSharing(ports: ReadonlySet<number>): SharedSockets {
  const asRoot = process.geteuid?.() === 0;
  const above = [...ports].some((port) => port > 1023);
  const { sockets, source } = observeSocketsBy(
    (protocol, family) => {
      const low = socketsByNetlink(protocol, family);
      if (low === undefined) return socketListByTable(protocol, family);
      const table = above ? socketListByTable(protocol, family) : undefined;
      const high = table?.rows.filter(({ port }) => port > 1023) ?? [];
      return { protocol, family, rows: [...low, ...high], source: table?.source === "none" ? "none" : "sock_diag" };
    },
    processIds(),
    asRoot,
    ({ port }) => ports.has(port),
  );
  return { sockets: sockets.map((one): SharedSocket => ({ ...one, sharing: sharingOf(one, asRoot) })), source };
}

function sharingOf(
  { inode, state, holders }: Pick<SharedSocket, "inode" | "state" | "holders">,
  asRoot: boolean,
): SharedSocket["sharing"] {
  if (state === "ended") return undefined;
  if (isUnseen(holders)) return holders;
  if (holders.length === 0) return undefined;
  let why: string | undefined;
  for (const pid of holders) {
    const found = askAt(pid, inode);
    if (found !== undefined && typeof found !== "string") {
      return { reuseAddress: found.reuseAddress, interfaceIndex: found.interfaceIndex };
    }
    why ??= found;
  }
  return { unseen: why ?? "it was closed meanwhile", rootWould: why !== undefined && !asRoot };
}

/** What it says there; a text: why that cannot be seen; undefined where the process no longer has it. */
function askAt(pid: number, inode: number): OtherSocket | string | undefined {
  const open = socketDescriptors(pid);
  if (isRefused(open)) return undefined;
  try {
    const places = open.filter((one) => one.inode === inode);
    return native()
      .readOtherSockets(pid, places)
      .find((found) => found !== undefined);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    if (errno === "ENOSYS") return "this kernel lets nobody look (before Linux 5.6)";
    if (errno === "ETIMEDOUT") return `process ${pid} keeps who looks at its sockets waiting`;
    return errno === "ESRCH" ? undefined : `process ${pid} may not be looked into: ${reasonOf(error)}`;
  }
}
