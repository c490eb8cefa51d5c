// Whose an image is: root works only in those that nobody else can change meanwhile.
import path from "node:path";
import { AppError, fromSystem } from "../app-error.ts";
import { hostPath } from "../command-text.ts";
import {
  APPARMOR_RULES,
  LIBRARY_FOLDERS,
  LOCK_FILE,
  MANAGER_FOLDER,
  OWNERS_FOLDER,
  PRELOAD_LIST,
  TABLE_FILE,
  UNIT_FOLDER,
} from "../paths.ts";
import { othersMayWrite } from "./others-may-write.ts";

/** Every folder of an image in which something is made, replaced or removed, or a folder is made. */
const FOLDERS: readonly string[] = [
  ...[TABLE_FILE, PRELOAD_LIST, LOCK_FILE].map((file) => path.dirname(file)),
  ...[OWNERS_FOLDER, UNIT_FOLDER, MANAGER_FOLDER, APPARMOR_RULES],
  ...LIBRARY_FOLDERS,
];

/**
 * For root, before it writes in an image: whoever may change one of its folders could lead root's writes to files of his
 * choice, by a link or by a second name of a file. Throws AppError.
 */
export function refuseOthersImage(root: string): void {
  if (root === "/" || process.geteuid?.() !== 0) return;
  for (const folder of FOLDERS) {
    let found: string | undefined;
    try {
      found = othersMayWrite(folder, root);
    } catch (error) {
      throw fromSystem(error, `cannot look at '${folder}' in '${root}'`, "nothing was changed", root);
    }
    if (found === undefined) continue;
    const shown = hostPath(root, found).replace(/\/$/, "");
    throw new AppError(
      "unsafe",
      `somebody else than root may change '${shown}', and could have root write outside of the image; nothing was changed`,
      `run it as the user whose image it is, or make it root's: see 'ls -ld ${shown}'`,
    );
  }
}
