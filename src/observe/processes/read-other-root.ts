// What the processes of another root or other mounts find at a path of the host.
import { errnoOf } from "../../system/app-error.ts";
import { resolveUnder } from "../../system/files/rooted.ts";
import { TABLE_FILE } from "../../system/paths.ts";
import { identityOf, type Refused, refusedBy } from "../../system/proc/process-files.ts";

/** The identity of what is at the table's path inside `root`; undefined where there is nothing. */
export function tableUnder(root: string): string | undefined | Refused {
  try {
    const found = identityOf(resolveUnder(root, TABLE_FILE));
    if (typeof found === "string") return found;
    return NOTHING.has(found.errno) ? undefined : found;
  } catch (error) {
    return NOTHING.has(errnoOf(error) ?? "") ? undefined : refusedBy(error);
  }
}

const NOTHING: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "ELOOP"]);
