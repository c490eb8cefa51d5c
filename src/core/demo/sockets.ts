// The kernel's socket tables (/proc/net/tcp and its siblings) as data, for one process's sockets.
import type { Protocol } from "../config/types.ts";

export interface Socket {
  readonly protocol: Protocol;
  readonly family: "inet" | "inet6";
  /** As people write it: "127.0.0.1", "0.0.0.0"; "*" for the IPv6 wildcard, "[hex]" for other IPv6 addresses. */
  readonly address: string;
  readonly port: number;
}

/** One line of a table: slot, local address and port in hex, peer, state, and further on the inode. */
const ROW = /^ *\d+: ([0-9A-F]+):([0-9A-F]{4}) (?:\S+ +){7}(\d+) /;

/** The sockets of `text` (a whole table, heading included) that have one of these inodes. Source: proc(5). */
export function socketsOf(
  text: string,
  protocol: Protocol,
  family: Socket["family"],
  inodes: ReadonlySet<string>,
): Socket[] {
  const found: Socket[] = [];
  for (const line of text.split("\n")) {
    const [, address, port, inode] = ROW.exec(line) ?? [];
    if (address === undefined || port === undefined || inode === undefined || !inodes.has(inode)) continue;
    found.push({ protocol, family, address: readable(address, family), port: Number.parseInt(port, 16) });
  }
  return found;
}

/** The kernel prints each 32-bit word of an address as the number this machine sees in it; all Node runs on here is little-endian. */
function readable(hex: string, family: Socket["family"]): string {
  if (family === "inet6") return /^0+$/.test(hex) ? "*" : `[${hex.toLowerCase()}]`;
  return [6, 4, 2, 0].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join(".");
}

/** "0.0.0.0:631/udp" */
export function socketText({ address, port, protocol }: Socket): string {
  return `${address}:${port}/${protocol}`;
}
