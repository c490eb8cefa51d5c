// A file that the user names for a result: its readers see the old one or the new one, never a part.
import { closeSync, constants, fstatSync, lstatSync, openSync, type Stats } from "node:fs";
import path from "node:path";
import { AppError, fromSystem } from "../app-error.ts";
import { ownDescriptor } from "../proc/process-files.ts";
import { otherKind } from "./read-file.ts";
import { replaceFile } from "./replace-file.ts";

/**
 * Everybody may read a new file; one that is there keeps its mode. A link in the file's own place is refused, since
 * whoever made it would choose what is written, and so is a file of another user's in a folder where everybody may make
 * files. Links on the way are the kernel's to follow, or to refuse (protected_symlinks). Throws AppError, and then the
 * old file is untouched.
 */
export function writeOutput(name: string, text: string): void {
  if (name === "") throw new AppError("usage", "'--output' names no file", "write --output FILE");
  const file = path.resolve(name);
  try {
    const folder = openSync(path.dirname(file), constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      // From here on the folder is this one, whatever becomes of its name.
      const place = path.join(ownDescriptor(folder), path.basename(file));
      const before = lstatSync(place, { throwIfNoEntry: false });
      if (before !== undefined) refuse(name, before, fstatSync(folder));
      replaceFile({ file: Buffer.from(place), bytes: Buffer.from(text), mode: modeOf(before), owner: "keep" });
    } finally {
      closeSync(folder);
    }
  } catch (error) {
    throw fromSystem(error, `cannot write '${name}'`, undefined, path.dirname(file));
  }
}

const NEW_FILE = 0o644;
const PERMISSIONS = 0o777;
/** S_ISVTX, with the right of everybody or of a group to write. */
const STICKY = 0o1000;
const WRITABLE = 0o022;

function modeOf(before: Stats | undefined): number {
  return before === undefined ? NEW_FILE : before.mode & PERMISSIONS;
}

function refuse(name: string, before: Stats, folder: Stats): void {
  if (before.isSymbolicLink()) {
    throw new AppError("unsafe", `will not follow the link '${name}'`, `name the file itself: 'readlink -f ${name}'`);
  }
  const kind = otherKind(before);
  if (kind !== undefined) throw new AppError("unsafe", `will not replace '${name}': ${kind}`, "name another file");
  const isOpen = (folder.mode & STICKY) !== 0 && (folder.mode & WRITABLE) !== 0;
  if (isOpen && before.uid !== process.geteuid?.()) {
    const why = "it is another user's, in a folder where everybody may make files";
    throw new AppError("unsafe", `will not replace '${name}': ${why}`, "name a file in a folder of your own");
  }
}
