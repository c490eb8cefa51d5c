// What is still to be done for a changed reservation to take effect.
import { isUnseen } from "../../core/seen.ts";
import type { HostFacts } from "../../coverage/facts.ts";
import type { Line } from "../../report/types.ts";

export function nextStep({ setup: { watchers, list }, units }: Pick<HostFacts, "setup" | "units">): Line {
  const byUnit = isUnseen(units) || units.some(({ hasDropIn }) => hasDropIn);
  if (!isUnseen(list) && !list.namesShim && !byUnit) return "run 'portreservectl install' to make it take effect";
  const follows = !isUnseen(watchers) && watchers.some(({ activeState }) => activeState === "active");
  return follows
    ? "the table follows by itself, by portreserve's path units"
    : "run 'portreservectl compile' to make it take effect";
}
