// What is in a place: the state of one file or folder, links not followed, as data for a plan.
import { lstatSync, readdirSync, readlinkSync, statSync } from "node:fs";
import path from "node:path";
import type { Found } from "../../core/install/artefacts.ts";
import { errnoOf, reasonOf } from "../app-error.ts";
import { isFault, otherKind, readRegularFile } from "./read-file.ts";
import { resolveUnder } from "./rooted.ts";

/** The manager in one file is the largest there is. */
const LIMIT = 16 * 1024 * 1024;

/** Links in its folder's path are followed inside the root; the last name is taken as it is. `file` is absolute. */
export function lstatEntry(root: string, file: string): Found {
  try {
    return lookAtFile(Buffer.concat([resolveUnder(root, path.dirname(file)), Buffer.from(`/${path.basename(file)}`)]));
  } catch (error) {
    return failed(error);
  }
}

/** The same, with the last name followed too: for a file of the host's that may be a link. */
export function statEntry(root: string, file: string): Found {
  try {
    return lookAtFile(resolveUnder(root, file));
  } catch (error) {
    return failed(error);
  }
}

/** The same, of what `resolveUnder` gave. */
export function resolvedEntry(real: Buffer): Found {
  try {
    return lookAtFile(real);
  } catch (error) {
    return failed(error);
  }
}

export function isFolder(root: string, folder: string): boolean {
  try {
    return lstatSync(resolveUnder(root, folder)).isDirectory();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

/** Whether there is such a folder, and not everybody may pass through it. */
export function isClosed(root: string, folder: string): boolean {
  try {
    const stats = statSync(resolveUnder(root, folder));
    return stats.isDirectory() && (stats.mode & 0o001) === 0;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

/** In order; none where there is no such folder or it may not be read. */
export function namesIn(root: string, folder: string): readonly string[] {
  try {
    // Of the host itself the kernel follows the links.
    return readdirSync(root === "/" ? folder : resolveUnder(root, folder)).sort();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return [];
  }
}

function lookAtFile(file: Buffer): Found {
  const stats = lstatSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return { kind: "missing" };
  if (stats.isSymbolicLink()) return { kind: "link", target: readlinkSync(file) };
  const kind = otherKind(stats);
  if (kind !== undefined) return { kind: "other", reason: kind };
  const read = readRegularFile(file, LIMIT);
  if (isFault(read)) return { kind: "other", reason: `a file that cannot be read: ${read.reason}` };
  return { kind: "file", bytes: read.bytes, mode: read.stats.mode & 0o7777 };
}

function failed(error: unknown): Found {
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  // A path that leads through a file leads nowhere, and making its folder will say so.
  return errno === "ENOENT" || errno === "ENOTDIR"
    ? { kind: "missing" }
    : { kind: "other", reason: `out of reach: ${reasonOf(error)}` };
}
