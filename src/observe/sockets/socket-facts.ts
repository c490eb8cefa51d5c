// From the kernel's rows and the processes' descriptors to the facts about privileged sockets.

import type { Protocol } from "../../core/config/types.ts";
import type { Unseen } from "../../core/seen.ts";
import { type SocketFamily, type SocketRow, socketState } from "../../core/sockets/row.ts";
import { compareText } from "../../core/text.ts";
import type { SocketFacts } from "../../coverage/socket-facts.ts";

export interface SocketTable {
  readonly protocol: Protocol;
  readonly family: SocketFamily;
  readonly rows: readonly SocketRow[];
}

/** What a look at the descriptors of every process gave. */
export interface Search {
  /** By inode; process ids, ascending. */
  readonly holders: ReadonlyMap<number, readonly number[]>;
  /** How many processes could not be looked into. */
  readonly refused: number;
  /** Processes of other users are not even listed (hidepid). */
  readonly hidden: boolean;
}

/** Of which local port. */
export type IsWanted = (row: Pick<SocketRow, "port">) => boolean;

/** The inodes of the wanted sockets that somebody may have open. */
export function inodesOf(tables: readonly SocketTable[], isWanted: IsWanted = isPrivileged): Set<number> {
  const isLive = (row: SocketRow): boolean => isWanted(row) && socketState(row) !== "ended";
  return new Set(tables.flatMap(({ rows }) => rows.filter(isLive).map(({ inode }) => inode)));
}

export const isPrivileged: IsWanted = ({ port }) => port >= 1 && port <= 1023;

/**
 * Sorted by port, protocol, family, address and inode; of rows that say the same (connections that ended, or what a
 * table tells twice when it changes while it is read) one.
 */
export function socketFacts(
  tables: readonly SocketTable[],
  search: Search,
  asRoot: boolean,
  isWanted: IsWanted = isPrivileged,
): SocketFacts[] {
  const unseen = whyUnseen(search, asRoot);
  const found = new Map<string, SocketFacts>();
  for (const { protocol, family, rows } of tables) {
    for (const row of rows.filter(isWanted)) {
      const state = socketState(row);
      const inode = state === "ended" ? 0 : row.inode;
      const holders = state === "ended" ? [] : (search.holders.get(inode) ?? unseen ?? []);
      const { address, port } = row;
      const key = [protocol, family, address, port, state, inode].join(" ");
      found.set(key, { protocol, family, address, port, state, inode, holders });
    }
  }
  return [...found.values()].sort(inOrder);
}

function inOrder(a: SocketFacts, b: SocketFacts): number {
  return (
    a.port - b.port ||
    compareText(a.protocol, b.protocol) ||
    compareText(a.family, b.family) ||
    compareText(a.address, b.address) ||
    a.inode - b.inode ||
    compareText(a.state, b.state)
  );
}

/** Undefined: every process could be looked into, so that a socket without a holder has none. */
function whyUnseen({ refused, hidden }: Search, asRoot: boolean): Unseen | undefined {
  if (refused === 0 && !hidden) return undefined;
  if (asRoot) return { unseen: `${count(refused)} could not be looked into`, rootWould: false };
  if (hidden) return { unseen: "the processes of other users are hidden here", rootWould: true };
  const whose = refused === 1 ? "of another user" : "of other users";
  return { unseen: `${count(refused)} ${whose} could not be looked into`, rootWould: true };
}

function count(processes: number): string {
  return processes === 0 ? "some processes" : processes === 1 ? "1 process" : `${processes} processes`;
}
