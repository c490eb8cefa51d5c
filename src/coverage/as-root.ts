// The cure for what could not be seen: to look again as root.
import type { Unseen } from "../core/seen.ts";

/** What `pastable` makes a command of. */
export const AS_ROOT = "run it as root";

export function asRoot(why: Unseen): string | undefined {
  return why.rootWould ? AS_ROOT : undefined;
}
