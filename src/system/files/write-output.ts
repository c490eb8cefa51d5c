// A file that the user names for a result: its readers see the old one or the new one, never a part.
import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, type Stats, statfsSync } from "node:fs";
import path from "node:path";
import { AppError, errnoOf, fromSystem } from "../app-error.ts";
import { shellWord } from "../command-text.ts";
import { ownDescriptor } from "../proc/process-files.ts";
import { O_PATH, otherKind } from "./read-file.ts";
import { replaceFile } from "./replace-file.ts";
import { refuseLoop } from "./rooted.ts";

/**
 * Everybody may read a new file; one that is there keeps its mode. A link in the file's own place is refused, since
 * whoever made it would choose what is written; so are another user's links on the way, and another user's file in a folder
 * where everybody may make files. Throws AppError, and then the old file is untouched.
 */
export function writeOutput(name: string, content: string | Uint8Array): void {
  if (name === "") throw new AppError("usage", "'--output' names no file", "write --output FILE");
  const file = path.resolve(name);
  try {
    // From here on the folder is this one, whatever becomes of its name.
    const folder = openFolder(name, path.dirname(file));
    try {
      const place = path.join(ownDescriptor(folder), path.basename(file));
      const before = lstatSync(place, { throwIfNoEntry: false });
      if (before !== undefined) refuse(name, before, fstatSync(folder));
      replaceFile({ file: Buffer.from(place), bytes: Buffer.from(content), mode: modeOf(before), owner: "keep" });
    } finally {
      closeSync(folder);
    }
  } catch (error) {
    if (errnoOf(error) === "ENOENT") throw noFolder(name, path.dirname(file), error);
    throw fromSystem(error, `cannot write '${name}'`, undefined, path.dirname(file));
  }
}

function noFolder(name: string, folder: string, cause: unknown): AppError {
  const hint = `run 'mkdir -p ${shellWord(folder)}', or name a file in the folder that node_exporter's option --collector.textfile.directory names`;
  return new AppError("incomplete", `cannot write '${name}': there is no folder '${folder}'`, hint, cause);
}

/** A folder that may be passed through, read or not. */
const STEP = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** PROC_SUPER_MAGIC of linux/magic.h. */
const PROC = 0x9fa0;

/** Step by step, so that nobody can put a link in the place of what was looked at. Throws AppError or the system error. */
function openFolder(name: string, folder: string): number {
  const pending = folder.split("/").filter((part) => part !== "");
  let at = openSync("/", STEP);
  try {
    for (let links = 0; pending.length > 0; ) {
      // Not joined: '..' is the kernel's to follow, from where this folder really is.
      const place = `${ownDescriptor(at)}/${pending.shift()}`;
      const stats = lstatSync(place);
      if (stats.isSymbolicLink()) {
        const mine = [0, process.geteuid?.()].includes(stats.uid);
        if (!mine) throw new AppError("unsafe", `will not follow another user's link on the way to '${name}'`, CHOOSE);
        // What /proc says of such a link is not where it leads.
        if (statfsSync(ownDescriptor(at)).type === PROC) {
          at = stepTo(at, place, O_PATH | constants.O_DIRECTORY);
          continue;
        }
        links += 1;
        refuseLoop(links);
        const target = readlinkSync(place);
        pending.unshift(...target.split("/").filter((part) => part !== ""));
        if (target.startsWith("/")) at = stepTo(at, "/");
      } else at = stepTo(at, place);
    }
    return at;
  } catch (error) {
    closeSync(at);
    throw error;
  }
}

function stepTo(from: number, place: string, flags = STEP): number {
  const next = openSync(place, flags);
  closeSync(from);
  return next;
}

const CHOOSE = "name a file in a folder of your own";
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
    throw new AppError(
      "unsafe",
      `will not follow the link '${name}'`,
      `name the file itself: 'readlink -f ${shellWord(name)}'`,
    );
  }
  const kind = otherKind(before);
  if (kind !== undefined) throw new AppError("unsafe", `will not replace '${name}': ${kind}`, "name another file");
  const isOpen = (folder.mode & STICKY) !== 0 && (folder.mode & WRITABLE) !== 0;
  if (isOpen && before.uid !== process.geteuid?.()) {
    const why = "it is another user's, in a folder where everybody may make files";
    throw new AppError("unsafe", `will not replace '${name}': ${why}`, CHOOSE);
  }
}
