// What a new table changes: the ports that become reserved, and those that no longer are.
import type { Protocol } from "../core/config/types.ts";
import type { NativeTable } from "../core/native.ts";
import type { TableContent } from "../core/table/content.ts";
import type { Json, Line, Message } from "../report/types.ts";
import { TABLE_FILE } from "../system/paths.ts";

export interface PortChange {
  readonly port: number;
  readonly protocol: Protocol;
}

/** Both in the order of ports, tcp before udp. */
export interface TableChange {
  readonly added: readonly PortChange[];
  readonly removed: readonly PortChange[];
}

export function tableChange(old: NativeTable | undefined, content: TableContent): TableChange {
  return { added: difference(content, old), removed: old === undefined ? [] : difference(old, content) };
}

type Ports = Readonly<Record<Protocol, readonly number[]>>;

function difference(these: Ports, others: Ports | undefined): PortChange[] {
  const missing = (["tcp", "udp"] as const).flatMap((protocol) => {
    const known = new Set(others?.[protocol]);
    return these[protocol].filter((port) => !known.has(port)).map((port) => ({ port, protocol }));
  });
  return missing.sort((a, b) => a.port - b.port || (a.protocol < b.protocol ? -1 : 1));
}

/** As a diff, in the order of ports; a port that changes for both protocols takes one line. */
export function changeLines({ added, removed }: TableChange): Line[] {
  const rows = [
    ...grouped(added).map((row) => ({ ...row, sign: "+", tone: "good" as const })),
    ...grouped(removed).map((row) => ({ ...row, sign: "-", tone: "bad" as const })),
  ];
  return rows
    .sort((a, b) => a.port - b.port)
    .map(({ port, protocols, sign, tone }) => ({ text: `${sign} ${port}/${protocols.join("+")}`, tone }));
}

/** Both protocols of a port together, in the order in which ports come first. */
export function grouped(changes: readonly PortChange[]): { port: number; protocols: Protocol[] }[] {
  const byPort = new Map<number, Protocol[]>();
  for (const { port, protocol } of changes) byPort.set(port, [...(byPort.get(port) ?? []), protocol]);
  return [...byPort].map(([port, protocols]) => ({ port, protocols }));
}

export function changeJson({ added, removed }: TableChange): { readonly [key: string]: Json } {
  const rows = (changes: readonly PortChange[]): Json => changes.map(({ port, protocol }) => ({ port, protocol }));
  return { added: rows(added), removed: rows(removed) };
}

/** What is said where `stranded` is: see table-file.ts. */
export const STRANDED: Message = {
  severity: "note",
  message:
    `the old '${TABLE_FILE}' was in a lower layer of an overlay file system: ` +
    "programs that have used it already stay with it until they are restarted",
  hint: "restart them this once: they notice later tables by themselves",
};
