// What the processes of another root or other mounts find at a path of the host.
import { native } from "../../core/native.ts";
import type { Unseen } from "../../core/seen.ts";
import { errnoOf } from "../../system/app-error.ts";
import { isFault, readUnder } from "../../system/files/read-file.ts";
import { resolveUnder } from "../../system/files/rooted.ts";
import { TABLE_FILE } from "../../system/paths.ts";
import { identityOf, type Refused, refusedBy } from "../../system/proc/process-files.ts";

/** What is at the table's path inside `root`, by its identity; undefined where there is nothing. */
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

/** Equal texts reserve the same ports, whatever else is in the tables; undefined for what is no table. */
export function reservationsIn(bytes: Uint8Array): string | undefined {
  const decoded = native().decodeTable(bytes);
  return "fault" in decoded ? undefined : JSON.stringify([decoded.table.tcp, decoded.table.udp]);
}

/** Whether the table inside `root` reserves what that of the host does; unseen where not every program may read it. */
export function tableIsAlike(root: string, reservations: string | undefined): boolean | Unseen {
  const read = readUnder(root, TABLE_FILE, native().tableSize);
  if (isFault(read) || reservations === undefined || reservationsIn(read.bytes) !== reservations) return false;
  if ((read.stats.mode & READABLE_BY_ALL) !== 0) return true;
  return { unseen: "not every program may read the one in its root", rootWould: false };
}

const READABLE_BY_ALL = 0o004;
