// What was seen of portreserve-hold and of the ports that it has, as plain data.
import type { HeldPort } from "../core/hold/held-ports.ts";
import type { Unseen } from "../core/seen.ts";

/** `beside`: held, and somebody listened there already. `absent`: the kernel has no such family. */
export type HeldSlot = "held" | "beside" | "refused" | "absent";

/** One port that it was told to hold or block, as it says itself in a file that only root can change. */
export interface HeldFacts extends HeldPort {
  readonly ipv4: HeldSlot;
  readonly ipv6: HeldSlot;
  /** The name of the errno of what is refused. */
  readonly error: string | undefined;
}

export type HolderFacts =
  | { readonly kind: "running"; readonly pid: number; readonly held: readonly HeldFacts[] }
  /** `start`: what would start it, its unit or its program; undefined where neither is installed. */
  | { readonly kind: "none"; readonly start: "unit" | "program" | undefined }
  | { readonly kind: "unknown"; readonly why: Unseen };
