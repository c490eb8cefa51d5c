// What dead test runs have left behind: folders and cgroups that have the process id of their maker in their names.
import { readFileSync } from "node:fs";

/** Whether `name` is the prefix, the id of a process that has ended, and whatever comes then. */
export function isLeftOver(name: string, prefix: string): boolean {
  const pid = name.startsWith(prefix) ? /^\d+/.exec(name.slice(prefix.length))?.[0] : undefined;
  return pid !== undefined && isGone(pid);
}

/** A process that its parent has not asked for yet has ended too. */
function isGone(pid: string): boolean {
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return true;
  }
}
