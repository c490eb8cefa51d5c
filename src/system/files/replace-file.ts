// Puts new bytes in the place of a file so that every reader, and a crash at any moment, sees the old ones or the new ones.
import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import type { Attribute } from "../../core/native.ts";
import { errnoOf } from "../app-error.ts";
import { setAttributes } from "./attributes.ts";
import { resolveUnder } from "./rooted.ts";

export interface Replacement {
  /** Links already followed (`resolveUnder`): a link here would be replaced itself. */
  readonly file: Buffer;
  readonly bytes: Uint8Array;
  /** All twelve bits, whatever the umask. */
  readonly mode: number;
  /** `keep`: of the file that is there; best effort, since only root can. `undefined`: the user who runs this. */
  readonly owner?: "keep" | Owner;
  /** Extended attributes, such as the label and the access control list of the file that is there (attributes.ts). */
  readonly attributes?: readonly Attribute[];
  /**
   * The last step before the rename, when everything that can run out of space is done. What it returns takes it
   * back, and is called if the rename fails.
   */
  readonly beforeRename?: () => () => void;
}

/** Numbers of the user and the group. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** The new bytes on disk, under a temporary name beside the file. */
export interface Staged {
  readonly temporary: Buffer;
  /**
   * Puts them in the file's place. Throws the system error; the old file is then untouched and the temporary one gone.
   * Returns the error, if any, that kept the replacement, which readers already see, from being made to survive a power cut.
   */
  readonly commit: () => unknown;
  /** Removes the temporary file. Throws the system error. */
  readonly discard: () => void;
}

/** What `replaceFile` does but for its last step. Files staged with the same `tag` (16 hex digits) differ only in their folders. */
export function stageFile(replacement: Replacement, tag: string = newTag()): Staged {
  const { file } = replacement;
  const temporary = Buffer.concat([folderOf(file), temporaryPrefix(file), Buffer.from(`${tag}.tmp`)]);
  writeTemporary(temporary, replacement);
  return {
    temporary,
    commit: () => commit(temporary, file, replacement.beforeRename ?? (() => () => {})),
    discard: () => unlinkSync(temporary),
  };
}

/** As random as it takes for two runs never to meet. */
export function newTag(): string {
  return randomBytes(8).toString("hex");
}

/** Throws the system error; the old file is then untouched and no temporary file is left. Returns as `Staged.commit` does. */
export function replaceFile(replacement: Replacement): unknown {
  return stageFile(replacement).commit();
}

function commit(temporary: Buffer, file: Buffer, beforeRename: () => () => void): unknown {
  let takeBack = (): void => {};
  try {
    takeBack = beforeRename();
    renameSync(temporary, file);
  } catch (error) {
    quietly(takeBack);
    quietly(() => unlinkSync(temporary));
    throw error;
  }
  return flushFolderOf(file);
}

/**
 * Makes what was done to the name of `file` survive a power cut. Returns the error that kept it from being so; none where
 * the file system flushes no folders, as squashfs and erofs, which are never written to.
 */
export function flushFolderOf(file: Buffer): unknown {
  try {
    syncFolder(folderOf(file));
    return undefined;
  } catch (error) {
    return errnoOf(error) === "EINVAL" ? undefined : error;
  }
}

/** The same. Throws the system error. */
export function flushed(file: Buffer): void {
  const error = flushFolderOf(file);
  if (error !== undefined) throw error;
}

/**
 * Removes what killed runs of `replaceFile` left beside `file`. Only for the holder of the lock: anybody else's
 * temporary file is then dead. Returns the name of a folder that is called like a temporary file, if there is one.
 */
export function removeLeftovers(file: Buffer): string | undefined {
  const folder = folderOf(file);
  const prefix = temporaryPrefix(file);
  for (const name of readdirSync(folder, { encoding: "buffer" }) as unknown as Buffer[]) {
    const rest = name.subarray(prefix.length).toString("latin1");
    if (!name.subarray(0, prefix.length).equals(prefix) || !/^[0-9a-f]{16}\.tmp$/.test(rest)) continue;
    const leftover = Buffer.concat([folder, name]);
    if (lstatSync(leftover).isDirectory()) return String(name);
    unlinkSync(leftover);
  }
  return undefined;
}

/** The same, for a path of the host that may be a link; its folder may be missing. */
export function removeLeftoversOf(root: string, file: string): void {
  const folder = resolveUnder(root, path.dirname(file));
  const beside = Buffer.concat([folder, Buffer.from(`/${path.basename(file)}`)]);
  for (const place of [beside, resolveUnder(root, file)]) {
    if (statSync(folderOf(place), { throwIfNoEntry: false })?.isDirectory()) removeLeftovers(place);
  }
}

const SLASH = 0x2f;

/** With its slash at the end. */
function folderOf(file: Buffer): Buffer {
  return file.subarray(0, file.lastIndexOf(SLASH) + 1);
}

/** A dot in front: no tool takes it for configuration. */
function temporaryPrefix(file: Buffer): Buffer {
  return Buffer.concat([Buffer.from("."), file.subarray(file.lastIndexOf(SLASH) + 1), Buffer.from(".")]);
}

function writeTemporary(temporary: Buffer, replacement: Replacement): void {
  const { file, bytes, mode, owner, attributes = [] } = replacement;
  const descriptor = openSync(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
    giveOwner(descriptor, file, owner);
    // An access control list brings bits of the mode along.
    setAttributes(descriptor, attributes);
    fchmodSync(descriptor, mode);
    fsyncSync(descriptor);
  } catch (error) {
    quietly(() => unlinkSync(temporary));
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

/** Where it is not allowed, the new file belongs to the user who wrote it, as any new file does. */
function giveOwner(descriptor: number, file: Buffer, owner: Replacement["owner"]): void {
  const wanted = owner === "keep" ? statSync(file, { throwIfNoEntry: false }) : owner;
  if (wanted === undefined) return;
  try {
    fchownSync(descriptor, wanted.uid, wanted.gid);
  } catch (error) {
    // EINVAL: a user that this namespace does not have.
    const errno = errnoOf(error) ?? "";
    if (!["EPERM", "EINVAL"].includes(errno)) throw error;
  }
}

/** For steps whose failure would hide the error that matters, and which the next run makes good. */
function quietly(step: () => void): void {
  try {
    step();
  } catch {}
}

function syncFolder(folder: Buffer): void {
  const descriptor = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
