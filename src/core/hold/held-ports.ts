// Which ports a configuration holds or blocks: what the lines of all files come to, each port and protocol once.
import type { Configuration, Protocol, ReservationKind } from "../config/types.ts";

/** The most ports, each protocol counted, that can be held and blocked at once: portreserve-hold has a socket or two for each. */
export const HOLD_LIMIT = 2048;

/** A port that nobody can take but those who share it (hold), or nobody at all (block). */
export interface HeldPort {
  readonly kind: Exclude<ReservationKind, "reserve">;
  readonly protocol: Protocol;
  /** 1 to 65535. */
  readonly port: number;
}

/**
 * By protocol, then port. A port that one line reserves and another holds is held. One that is to be held and to be
 * blocked is held: a block would keep its owner out, and `configure` has said so. Relies on the order `Configuration`
 * promises.
 */
export function heldPorts({ reservations }: Pick<Configuration, "reservations">): readonly HeldPort[] {
  return (["tcp", "udp"] as const).flatMap((protocol) => {
    const kinds = new Map<number, HeldPort["kind"]>();
    for (const row of reservations) {
      if (row.protocol !== protocol || row.kind === "reserve" || kinds.get(row.port) === "hold") continue;
      kinds.set(row.port, row.kind);
    }
    return [...kinds].map(([port, kind]) => ({ kind, protocol, port }));
  });
}

/** What is done with one port: hold, block, or undefined. */
export type KindOf = (place: Pick<HeldPort, "port" | "protocol">) => HeldPort["kind"] | undefined;

/** Finds each at once, however many ask. */
export function kindsIn(held: readonly HeldPort[]): KindOf {
  const kinds = new Map(held.map(({ port, protocol, kind }) => [`${port}/${protocol}`, kind]));
  return ({ port, protocol }) => kinds.get(`${port}/${protocol}`);
}
