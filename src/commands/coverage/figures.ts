// The numbers that coverage comes to, counted once for every form of output.

import type { Protocol } from "../../core/config/types.ts";
import type { Coverage, PortHold, Verdict } from "../../coverage/coverage.ts";

export interface Figures {
  /** Ports that are reserved, by protocol: 631/tcp and 631/udp are two. */
  readonly reserved: Readonly<Record<Protocol, number>>;
  readonly allocators: Readonly<Record<Verdict, number>>;
  /** Of the reserved ones, by state. */
  readonly held: number;
  readonly stolen: number;
  readonly unknown: number;
  /** Of those that are to be held or blocked by portreserve-hold, or are. */
  readonly holds: Readonly<Record<"held" | "missing" | "unknown", number>>;
}

export function figuresOf({ allocators, ports }: Coverage): Figures {
  const reserved = ports.filter((port) => port.reserved);
  const of = (verdict: Verdict): number =>
    allocators.reduce((sum, one) => sum + (one.verdict === verdict ? one.count : 0), 0);
  const holds = ports.flatMap(({ hold }) => hold ?? []);
  const inState = (...states: readonly PortHold["state"][]): number =>
    holds.filter(({ state }) => states.includes(state)).length;
  return {
    holds: { held: inState("held"), missing: inState("refused", "not held"), unknown: inState("unknown") },
    reserved: {
      tcp: reserved.filter(({ protocol }) => protocol === "tcp").length,
      udp: reserved.filter(({ protocol }) => protocol === "udp").length,
    },
    allocators: { covered: of("covered"), "not covered": of("not covered"), unknown: of("unknown") },
    held: reserved.filter(({ state }) => state === "held").length,
    stolen: ports.filter(({ state }) => state === "stolen").length,
    unknown: reserved.filter(({ state }) => state === "unknown").length,
  };
}
