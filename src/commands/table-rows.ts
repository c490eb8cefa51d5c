// Rows of the table in force that no line of the configuration accounts for.
import type { Protocol, Reservation } from "../core/config/types.ts";
import type { NativeTable } from "../core/native.ts";

/** A reservation, or a port of the table whose owner is not known. */
export type TableRow =
  | Reservation
  | {
      readonly port: number;
      readonly protocol: Protocol;
      readonly owner: null;
      readonly file: null;
      readonly line: null;
      readonly kind: null;
    };

export function onlyInTable(reservations: readonly Reservation[], table: NativeTable | undefined): TableRow[] {
  if (table === undefined) return [];
  const known = new Set(reservations.map(({ port, protocol }) => `${port}/${protocol}`));
  return (["tcp", "udp"] as const).flatMap((protocol) =>
    table[protocol]
      .filter((port) => port > 0 && !known.has(`${port}/${protocol}`))
      .map((port) => ({ port, protocol, owner: null, file: null, line: null, kind: null })),
  );
}
