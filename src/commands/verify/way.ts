// One way in which a proof may be made: how the probe is started, and what that leaves out.
import type { ProbeStart } from "./play-probe.ts";
import { byRoot, byUserNamespace, type Variables } from "./starts.ts";

export type How = "preload list" | "systemd-run" | "environment in a namespace";

/** One way, and what it leaves out, in whole sentences without a full stop. */
export interface Way {
  readonly how: How;
  readonly start: ProbeStart;
  readonly notes: readonly string[];
  /** The settings of the unit that are not in force there: what the probe may do, its programs may not. */
  readonly leftOut?: readonly string[];
}

/** Why there is none. */
export interface NoWay {
  readonly reason: string;
}

const IN_USER_NAMESPACE =
  "made in a user namespace: it holds for ordinary programs, which read the same list and the same table";

/** With variables that the user of this program, root or not, may trust. */
export function inNamespaces(how: How, variables: Variables, notes: readonly string[]): readonly Way[] {
  const ordinary = { how, start: byUserNamespace(variables), notes: [...notes, IN_USER_NAMESPACE] };
  return process.geteuid?.() === 0 ? [{ how, start: byRoot(variables), notes }, ordinary] : [ordinary];
}
