// One port, from the plan to what came of it, and which of several its owner is to have. Pure.
import type { SocketFamily } from "../../core/sockets/row.ts";
import { unique } from "../../core/text.ts";
import type { CarriedOut } from "./carry-out.ts";
import type { FoundPort, ReclaimPlan } from "./plan.ts";

/** Whether its owner has it. `lacks`: it has, but not in these address families, in which others had it. */
export type OwnerHas = "yes" | "no" | { readonly lacks: readonly SocketFamily[] };

export interface Reclaimed {
  readonly found: FoundPort;
  readonly plan: ReclaimPlan;
  /** Undefined where nothing was done. */
  readonly done: CarriedOut | undefined;
  /** Undefined where that was not looked at again. */
  readonly ownerHas: OwnerHas | undefined;
}

/** What its owner can have now and has not: where something was done, those alone, else what nobody has. */
export function forOwner(ports: readonly Reclaimed[]): readonly Reclaimed[] {
  const open = ports.filter(
    ({ plan, done, ownerHas }) => plan.kind !== "cannot" && done?.failure === undefined && ownerHas !== "yes",
  );
  const taken = open.filter(isTaken);
  return taken.length > 0 ? taken : open;
}

/**
 * What its owner should have after a restart and does not. It need not ask for each port that nobody has, such as that of
 * the other protocol, but for one of them.
 */
export function withoutOwner(ports: readonly Reclaimed[]): readonly Reclaimed[] {
  const lost = ports.filter(({ ownerHas }) => ownerHas !== undefined && ownerHas !== "yes");
  const taken = lost.filter(isTaken);
  return taken.length > 0 || ports.some(({ ownerHas }) => ownerHas === "yes") ? taken : lost;
}

/** The address families in which others had it: in these it is reclaimed. */
export function familiesOf({ plan }: Pick<Reclaimed, "plan">): readonly SocketFamily[] {
  return plan.kind === "act" ? unique([...plan.share, ...plan.end].map(({ family }) => family)) : [];
}

/** Somebody else has it, or had. */
function isTaken({ plan }: Reclaimed): boolean {
  return plan.kind === "act" || (plan.kind === "nothing" && plan.because === "shared");
}
