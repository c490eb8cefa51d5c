// The kernel's socket tables (/proc/net/tcp and its siblings) as data. Source: proc(5).
import { addressText } from "./address.ts";
import type { SocketFamily, SocketRow } from "./row.ts";

/** Slot, local address and port, peer, state, queues, timer, retransmissions, uid, timeout, inode. */
const ROW =
  /^ *\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) \S+ ([0-9A-F]{2}) \S+ \S+ \S+ +(\d{1,10}) +\d+ (\d{1,10})(?: |$)/;

/**
 * Every socket of a whole table; lines that are no rows, the heading among them, are passed over. Unlike sock_diag's
 * answers, a table never has the TCP sockets that are bound and neither listen nor are connected.
 */
export function parseSocketTable(text: string, family: SocketFamily): SocketRow[] {
  const rows: SocketRow[] = [];
  for (const line of text.split("\n")) {
    const [, address = "", port = "", state = "", uid = "", inode = ""] = ROW.exec(line) ?? [];
    if (address.length !== (family === "inet" ? 8 : 32)) continue;
    rows.push({
      address: addressText(address, family),
      port: Number.parseInt(port, 16),
      state: Number.parseInt(state, 16),
      uid: Number(uid),
      inode: Number(inode),
    });
  }
  return rows;
}
