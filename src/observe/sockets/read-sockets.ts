// The sockets of this network with a privileged local port, and who holds them.
import type { Protocol } from "../../core/config/types.ts";
import type { AheadGroup } from "../../core/native.ts";
import type { SocketFamily } from "../../core/sockets/row.ts";
import { parseSocketTable } from "../../core/sockets/table.ts";
import type { SocketFacts } from "../../coverage/socket-facts.ts";
import { askAhead, processIds } from "../../system/proc/process-files.ts";
import { findHolders, holderQuestions } from "./read-descriptors.ts";
import { socketsByNetlink, socketTableText } from "./read-socket-lists.ts";
import { type IsWanted, inodesOf, isPrivileged, type Search, type SocketTable, socketFacts } from "./socket-facts.ts";

/**
 * `sock_diag`: the kernel's whole list. `tables`: /proc/net, for at least one list, where TCP sockets are missing that
 * are bound and neither listen nor are connected. `none`: at least one list could not be had at all.
 */
export type SocketSource = "sock_diag" | "tables" | "none";

export interface ObservedSockets {
  /** By port, protocol, family, address. */
  readonly sockets: readonly SocketFacts[];
  readonly source: SocketSource;
}

const LISTS: readonly (readonly [Protocol, SocketFamily])[] = [
  ["tcp", "inet"],
  ["tcp", "inet6"],
  ["udp", "inet"],
  ["udp", "inet6"],
];

/** `pids`: every process to look into; this one is always looked into. */
export function observeSockets(
  pids: readonly number[] = processIds(),
  asRoot = process.geteuid?.() === 0,
): ObservedSockets {
  return observeSocketsBy(socketList, pids, asRoot);
}

/** One list of the kernel's, and where it is from. */
export type ListOf = (protocol: Protocol, family: SocketFamily) => SocketTable & { readonly source: SocketSource };

export function observeSocketsBy(
  list: ListOf,
  pids: readonly number[],
  asRoot: boolean,
  isWanted: IsWanted = isPrivileged,
): ObservedSockets {
  return beginSocketsBy(list, pids, asRoot, isWanted)();
}

/**
 * Reads the kernel's lists, and has another thread begin to look for the holders; what is returned waits for nothing, and
 * finishes that. `also`: what else that thread is to ask, before it.
 */
export function beginSockets(also: readonly AheadGroup[]): () => ObservedSockets {
  return beginSocketsBy(socketList, processIds(), process.geteuid?.() === 0, isPrivileged, also);
}

function beginSocketsBy(
  list: ListOf,
  pids: readonly number[],
  asRoot: boolean,
  isWanted: IsWanted,
  also: readonly AheadGroup[] = [],
): () => ObservedSockets {
  const factsOf = (from: readonly SocketTable[], search: Search): SocketFacts[] =>
    socketFacts(from, search, asRoot, isWanted);
  const lists = LISTS.map(([protocol, family]) => list(protocol, family));
  const source = (["none", "tables"] as const).find((one) => lists.some((from) => from.source === one)) ?? "sock_diag";
  const inodes = inodesOf(lists, isWanted);
  const all = [...pids, process.pid];
  askAhead(inodes.size === 0 ? also : [...also, holderQuestions(all)]);
  if (inodes.size === 0) return () => ({ sockets: factsOf(lists, NOBODY), source });
  return () => {
    const search = findHolders(inodes, all);
    const orphans = new Set([...inodes].filter((inode) => !search.holders.has(inode)));
    if (orphans.size === 0 || search.refused > 0) return { sockets: factsOf(lists, search), source };

    // Closed, or handed to a process that began, while we were looking? Only what is there still has no holder.
    const still = inodesOf(
      LISTS.map(([protocol, family]) => list(protocol, family)),
      isWanted,
    );
    const closed = new Set([...orphans].filter((inode) => !still.has(inode)));
    const again = findHolders(orphans, [...processIds(), process.pid]);
    const left = lists.map((one) => ({ ...one, rows: one.rows.filter(({ inode }) => !closed.has(inode)) }));
    const both = { ...again, holders: new Map([...search.holders, ...again.holders]) };
    return { sockets: factsOf(left, both), source };
  };
}

const NOBODY: Search = { holders: new Map(), refused: 0, hidden: false };

function socketList(protocol: Protocol, family: SocketFamily): ReturnType<ListOf> {
  const rows = socketsByNetlink(protocol, family);
  return rows === undefined ? socketListByTable(protocol, family) : { protocol, family, rows, source: "sock_diag" };
}

export function socketListByTable(protocol: Protocol, family: SocketFamily): ReturnType<ListOf> {
  const text = socketTableText(protocol, family);
  const rows = parseSocketTable(text ?? "", family);
  return { protocol, family, rows, source: text === undefined ? "none" : "tables" };
}
