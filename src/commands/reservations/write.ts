// What reserve and unreserve do with files of /etc/portreserve, and what they say of it.
import type { Change } from "../../core/install/change.ts";
import { counted } from "../../core/text.ts";
import type { Line } from "../../report/types.ts";
import { AppError } from "../../system/app-error.ts";
import { openJournal } from "../../system/files/apply.ts";

/** All of it or nothing. Throws AppError. */
export function applyFiles(root: string, changes: readonly Change[]): void {
  const journal = openJournal(root);
  try {
    journal.apply(changes);
  } catch (error) {
    const left = journal.rollBack();
    if (left === undefined || !(error instanceof AppError)) throw error;
    throw new AppError(error.code, `${error.message}; ${left}`, error.hint, error);
  }
}

/** "written: 'FILE'", "removed: 'FILE'"; of a dry run how many files would change. */
export function fileLines(changes: readonly Change[], dryRun: boolean): readonly Line[] {
  const files = changes.filter(({ kind }) => kind === "write-file" || kind === "remove");
  if (dryRun) return files.length === 0 ? [] : [`${counted(files.length, "file")} would change; nothing was changed`];
  return files.map((change) => `${change.kind === "remove" ? "removed" : "written"}: '${change.path}'`);
}

export function resultOfFiles(changes: readonly Change[], dryRun: boolean): "unchanged" | "planned" | "written" {
  return changes.length === 0 ? "unchanged" : dryRun ? "planned" : "written";
}
