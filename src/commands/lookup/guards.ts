// Which mechanism beside the shim keeps a reserved port from whom: those that are applied, and in force.
import type { Protocol, Reservation } from "../../core/config/types.ts";
import { unique } from "../../core/text.ts";
import type { Block, Json } from "../../report/types.ts";
import { MANAGED_MECHANISMS } from "../mechanisms/table.ts";

export interface Guard {
  readonly mechanism: string;
  /** Completes "keeps it from …". */
  readonly from: string;
}

/** Finds those of a port at once. */
export type GuardsOf = (port: number) => readonly Guard[];

/** For ports that these reserve; the mechanisms keep no others from anybody. */
export function guardsIn(root: string, reservations: readonly Reservation[]): GuardsOf {
  const reserved = new Set(reservations.map(({ port }) => port));
  const standings = MANAGED_MECHANISMS.map(({ name, look }) => ({ name, ...look({ root, reservations }) })).filter(
    ({ state }) => state === "in force",
  );
  return (port) =>
    standings.flatMap(({ name, keepsFrom }): Guard[] => {
      const from = reserved.has(port) ? keepsFrom(port) : undefined;
      return from === undefined ? [] : [{ mechanism: name, from }];
    });
}

export function guardsBlock(
  asked: readonly { readonly port: number; readonly protocol: Protocol }[],
  guardsOf: GuardsOf,
): Block {
  const ports = unique(asked.map(({ port }) => port));
  const lines = ports.flatMap((port) =>
    guardsOf(port).map(({ mechanism, from }) => ({
      text: `${port}: ${mechanism} keeps it from ${from}`,
      tone: "good" as const,
    })),
  );
  return { kind: "lines", lines };
}

export function guardsJson(guards: readonly Guard[]): Json {
  return guards.map(({ mechanism, from }) => ({ mechanism, from }));
}
