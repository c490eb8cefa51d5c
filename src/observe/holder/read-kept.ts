// What systemd keeps of portreserve-hold's sockets while that is down: by its own descriptors, which the kernel shows to root.

import type { Seen } from "../../core/seen.ts";
import type { KeptSocket } from "../../coverage/hold-facts.ts";
import { isRefused } from "../../system/proc/process-files.ts";
import { type OpenSocket, readOpenSockets } from "../sockets/read-open-sockets.ts";

const SYSTEMD = 1;
const AF_INET6 = 10;
const IPPROTO_TCP = 6;
/** No interface: a socket of UDP that is bound to it receives nothing. */
const NOWHERE = 2 ** 31 - 1;

export function readKeptSockets(): Seen<readonly KeptSocket[]> {
  const open = readOpenSockets(SYSTEMD, () => true);
  if (isRefused(open)) return { unseen: `${open.errno} at process 1`, rootWould: process.geteuid?.() !== 0 };
  return open.flatMap(keptSocket);
}

/** None of a socket unit's: those of TCP listen, and those of UDP are to receive something. */
function keptSocket({ socket }: OpenSocket): readonly KeptSocket[] {
  const { family, protocol, port, reuseAddress, reusePort, listens, interfaceIndex } = socket;
  const isUdp = protocol !== IPPROTO_TCP;
  if (port === 0 || listens || reusePort || interfaceIndex !== (isUdp && reuseAddress ? NOWHERE : 0)) return [];
  return [
    {
      port,
      protocol: isUdp ? "udp" : "tcp",
      kind: reuseAddress ? "hold" : "block",
      family: family === AF_INET6 ? "inet6" : "inet",
    },
  ];
}
