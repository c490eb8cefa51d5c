// Every mechanism that the verb 'mechanisms' knows, in the order in which it shows them.
import { nearest } from "../../core/config/suggest.ts";
import { AppError } from "../../system/app-error.ts";
import { ephemeral } from "./ephemeral.ts";
import { fixed } from "./fixed.ts";
import { highPorts } from "./high-ports.ts";
import type { ManagedMechanism } from "./mechanism.ts";
import { nfsRange } from "./nfs-range.ts";
import { noresvport } from "./noresvport.ts";

export const MANAGED_MECHANISMS: readonly ManagedMechanism[] = [nfsRange, noresvport, ephemeral, fixed, highPorts];

/** Those with these names, each once, in the order of the table; all for none. Throws AppError for another name. */
export function mechanismsNamed(names: readonly string[]): readonly ManagedMechanism[] {
  const known = MANAGED_MECHANISMS.map(({ name }) => name as string);
  const wrong = names.find((name) => !known.includes(name));
  if (wrong !== undefined) {
    const near = nearest(wrong, known);
    const hint = near === undefined ? `there are ${known.join(", ")}` : `did you mean '${near}'?`;
    throw new AppError("usage", `there is no mechanism '${wrong}'`, hint);
  }
  return names.length === 0 ? MANAGED_MECHANISMS : MANAGED_MECHANISMS.filter(({ name }) => names.includes(name));
}
