// One process's sockets out of the kernel's socket tables.
import type { Protocol } from "../../core/config/types.ts";
import type { SocketFamily } from "../../core/sockets/row.ts";
import { parseSocketTable } from "../../core/sockets/table.ts";

export interface Socket {
  readonly protocol: Protocol;
  readonly family: SocketFamily;
  /** As people write it: "127.0.0.1", "0.0.0.0"; "*" for the IPv6 wildcard, "[::1]" for other IPv6 addresses. */
  readonly address: string;
  readonly port: number;
}

/** The sockets of `text` (a whole table, heading included) that have one of these inodes. */
export function socketsOf(
  text: string,
  protocol: Protocol,
  family: SocketFamily,
  inodes: ReadonlySet<string>,
): Socket[] {
  return parseSocketTable(text, family)
    .filter(({ inode }) => inodes.has(String(inode)))
    .map(({ address, port }) => ({ protocol, family, address: hostPart(address, family), port }));
}

function hostPart(address: string, family: SocketFamily): string {
  if (family === "inet") return address;
  return address === "::" ? "*" : `[${address}]`;
}

/** "0.0.0.0:631/udp" */
export function socketText({ address, port, protocol }: Socket): string {
  return `${address}:${port}/${protocol}`;
}
