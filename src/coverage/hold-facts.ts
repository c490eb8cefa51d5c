// What was seen of portreserve-hold and of the ports that it has, as plain data.
import type { HeldPort } from "../core/hold/held-ports.ts";
import type { Seen, Unseen } from "../core/seen.ts";
import type { SocketFamily } from "../core/sockets/row.ts";

/** `beside`: held, and somebody listened there already. `absent`: the kernel has no such family. */
export type HeldSlot = "held" | "beside" | "refused" | "absent";

/** One port that it was told to hold or block, as it says itself in a file that only root can change. */
export interface HeldFacts extends HeldPort {
  readonly ipv4: HeldSlot;
  readonly ipv6: HeldSlot;
  /** The name of the errno of what is refused. */
  readonly error: string | undefined;
}

/** A socket of its, by what it is bound to. */
export interface KeptSocket extends HeldPort {
  readonly family: SocketFamily;
}

export type HolderFacts =
  | { readonly kind: "running"; readonly pid: number; readonly held: readonly HeldFacts[] }
  /**
   * `start`: what would start it, its unit or its program; undefined where neither is installed. `kept`: what its service
   * manager has of its sockets, until the unit is stopped; nothing if undefined.
   */
  | {
      readonly kind: "none";
      readonly start: "unit" | "program" | undefined;
      readonly kept?: Seen<readonly KeptSocket[]>;
    }
  | { readonly kind: "unknown"; readonly why: Unseen };
