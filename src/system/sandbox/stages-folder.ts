// Where sandboxes keep their files while they live.
import { accessSync, constants } from "node:fs";
import { tmpdir } from "node:os";
import { errnoOf } from "../app-error.ts";
import { STAGE_FOLDER, TEMPORARY_FOLDER } from "../paths.ts";

/**
 * Root's are where only root can write: elsewhere, whoever owns a folder on the way
 * could put a script of his own in the place of the sandbox's.
 */
export function stagesFolder(): string {
  if (process.geteuid?.() !== 0) return tmpdir();
  // Who is root in a user namespace alone may not write there.
  return mayWrite(STAGE_FOLDER) ? STAGE_FOLDER : TEMPORARY_FOLDER;
}

function mayWrite(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}
