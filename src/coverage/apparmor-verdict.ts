// What AppArmor keeps from a program, of what the kernel says of its profiles; and the verdict on it.

import { isUnseen, type Seen } from "../core/seen.ts";
import { type Decision, notCovered, unseen } from "./checks.ts";
import type { Denied } from "./facts.ts";

/** Of a stack of profiles the kernel is asked as if each of them was enforced. */
export function inMode(mode: string, denied: Seen<Denied>): Seen<Denied> {
  if (isUnseen(denied) || mode !== "mixed" || !keepsSomething(denied)) return denied;
  return { unseen: "some of its profiles only complain", rootWould: false };
}

/** Of the profiles of which one would confine it. Undefined: it would be kept from nothing, whichever that is. */
export function mergeProfiles(all: readonly Seen<Denied>[]): Seen<Denied> | undefined {
  const against = all.filter((denied) => isUnseen(denied) || keepsSomething(denied));
  if (against.length === all.length) return against[0];
  return against.length === 0 ? undefined : { unseen: "several profiles may confine it", rootWould: false };
}

function keepsSomething({ list, libraries, table }: Denied): boolean {
  return list || libraries.length > 0 || table;
}

/** What is still to be opened. */
export interface Uses {
  readonly list: boolean;
  /** The path of the shim for its ABI; undefined: it has it already. */
  readonly library: string | undefined;
  readonly table: boolean;
}

/** Why a profile makes the shim of no use, as a verdict; undefined: it does not. */
export function deniedAccess(denied: Seen<Denied> | undefined, uses: Uses): Decision | undefined {
  if (denied === undefined) return undefined;
  if (isUnseen(denied)) return unseen("what its AppArmor profile allows", denied);
  const { profile, list, libraries, table } = denied;
  const because = (file: string): Decision =>
    notCovered(`its AppArmor profile '${profile}' keeps ${file} from it`, list ? INCLUDE_HINT : RULE_HINT);
  if (uses.list && list) return because("the preload list");
  if (uses.library !== undefined && libraries.includes(uses.library)) return because("the shim");
  return uses.table && table ? because("the table") : undefined;
}

/** Every profile that includes the base abstraction may read the list. */
const INCLUDE_HINT = "have the profile include <abstractions/base>, then: systemctl reload apparmor";
const RULE_HINT = "portreservectl install, then: systemctl reload apparmor";
