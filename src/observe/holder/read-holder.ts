// Whether portreserve-hold runs on this host, by its own file and by what the kernel says of the process named in it.
import { fileName } from "../../core/text.ts";
import { errnoOf, reasonOf } from "../../system/app-error.ts";
import { othersMayWrite } from "../../system/files/others-may-write.ts";
import { isFault, readUnder } from "../../system/files/read-file.ts";
import { HOLDER_PROGRAM, HOLDER_STATE } from "../../system/paths.ts";
import { isRefused, processFolder, readBytes, readLink } from "../../system/proc/process-files.ts";
import { parseStat } from "../processes/stat.ts";
import { type HolderState, parseHolderState } from "./state.ts";

export type HolderFound =
  | { readonly kind: "running"; readonly state: HolderState }
  | { readonly kind: "none" }
  /** `reason` completes "whether it runs is not known: …". */
  | { readonly kind: "unknown"; readonly reason: string };

/** In bytes: it may have a long line for each of the most ports. */
const LIMIT = 4 * 1024 * 1024;

/** Of the running host. A file that others than root may change says nothing. */
export function readHolder(): HolderFound {
  const read = readUnder("/", HOLDER_STATE, LIMIT);
  if (isFault(read)) {
    if (read.kind === "missing") return { kind: "none" };
    return { kind: "unknown", reason: `'${HOLDER_STATE}' cannot be read: ${read.reason}` };
  }
  const changeable = changeablePlace();
  if (changeable !== undefined) return { kind: "unknown", reason: changeable };
  const state = parseHolderState(read.bytes);
  if (typeof state === "string") {
    const why = state === "future" ? "of a later version than this program knows" : "damaged";
    return { kind: "unknown", reason: `'${HOLDER_STATE}' is ${why}` };
  }
  return isHolder(state) ? { kind: "running", state } : { kind: "none" };
}

/** Whether the process that the state names is the one that wrote it: it was started then, and runs this program. */
export function isHolder({ pid, startTime }: Pick<HolderState, "pid" | "startTime">): boolean {
  const bytes = readBytes(`${processFolder(pid)}/stat`);
  const stat = isRefused(bytes) ? undefined : parseStat(bytes);
  if (stat === undefined || stat.isEnding || stat.startedAt !== startTime) return false;
  const link = readLink(`${processFolder(pid)}/exe`);
  // Another user than root may not see it; the file is root's own, and the time is the kernel's.
  if (isRefused(link)) return link.errno === "EACCES";
  // An upgrade takes the file away from under the program.
  return fileName(link.replace(/ \(deleted\)$/, "")) === HOLDER_PROGRAM;
}

function changeablePlace(): string | undefined {
  try {
    const place = othersMayWrite(HOLDER_STATE);
    return place === undefined ? undefined : `others than root may change '${place}'`;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return `'${HOLDER_STATE}' cannot be looked at: ${reasonOf(error)}`;
  }
}
