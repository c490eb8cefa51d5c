// Files by their stamps: which one it is, and whether it has changed, of all files of a folder in one call.
import { native } from "../../core/native.ts";

/** Of the regular files of a folder, links left out, by name: see `Native.filesStamped`. `folder` is a path without links. */
export function stampedFiles(folder: string): ReadonlyMap<string, string> {
  const flat = native().filesStamped(folder);
  const stamps = new Map<string, string>();
  for (let at = 0; at + 1 < flat.length; at += 2)
    if (flat[at + 1] !== "") stamps.set(flat[at] ?? "", flat[at + 1] ?? "");
  return stamps;
}

export function isEmptyBy(stamp: string): boolean {
  return stamp.split(" ")[3] === "0";
}
