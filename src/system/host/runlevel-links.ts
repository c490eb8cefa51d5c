// The links by which SysV init starts a script: one that is renamed is left where it is, and stops the script instead.
import { renameSync } from "node:fs";
import { fromSystem } from "../app-error.ts";
import { flushFoldersOf } from "../files/flush-folders.ts";

/** Both in one folder. Throws AppError. */
export function renameLink(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    throw fromSystem(error, `cannot rename '${from}' to '${to}'`);
  }
  flushFoldersOf("/", [to]);
}
