// One port, from the plan to what came of it, and which of several its owner is to have. Pure.
import type { CarriedOut } from "./carry-out.ts";
import type { FoundPort, ReclaimPlan } from "./plan.ts";

export interface Reclaimed {
  readonly found: FoundPort;
  readonly plan: ReclaimPlan;
  /** Undefined where nothing was done. */
  readonly done: CarriedOut | undefined;
  /** Whether its owner has it; undefined where that was not looked at again. */
  readonly ownerHasIt: boolean | undefined;
}

/** What its owner can have now and has not: where something was done, those alone, else what nobody has. */
export function forOwner(ports: readonly Reclaimed[]): readonly Reclaimed[] {
  const open = ports.filter(
    ({ plan, done, ownerHasIt }) => plan.kind !== "cannot" && done?.failure === undefined && ownerHasIt !== true,
  );
  const taken = open.filter(isTaken);
  return taken.length > 0 ? taken : open;
}

/**
 * What its owner should have after a restart and does not. It need not ask for each port that nobody has, such as that of
 * the other protocol, but for one of them.
 */
export function withoutOwner(ports: readonly Reclaimed[]): readonly Reclaimed[] {
  const lost = ports.filter(({ ownerHasIt }) => ownerHasIt === false);
  const taken = lost.filter(isTaken);
  return taken.length > 0 || ports.some(({ ownerHasIt }) => ownerHasIt) ? taken : lost;
}

/** Somebody else has it, or had. */
function isTaken({ plan }: Reclaimed): boolean {
  return plan.kind === "act" || (plan.kind === "nothing" && plan.because === "shared");
}
