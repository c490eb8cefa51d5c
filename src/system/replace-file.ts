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

export interface Replacement {
  /** Links already followed (`resolveUnder`): a link here would be replaced itself. */
  readonly file: Buffer;
  readonly bytes: Uint8Array;
  /** All twelve bits, whatever the umask. */
  readonly mode: number;
  /** Give the new file the owner and group of the old one; best effort, since only root can. */
  readonly keepOwner: boolean;
  /**
   * The last step before the rename, when everything that can run out of space is done. What it returns takes it
   * back, and is called if the rename fails.
   */
  readonly beforeRename: () => () => void;
}

/**
 * Throws the system error; the old file is then untouched and no temporary file is left. Returns the error, if any,
 * that kept the replacement, which readers already see, from being made to survive a power cut.
 */
export function replaceFile(replacement: Replacement): unknown {
  const { file } = replacement;
  const temporary = Buffer.concat([
    folderOf(file),
    temporaryPrefix(file),
    Buffer.from(`${randomBytes(8).toString("hex")}.tmp`),
  ]);
  writeTemporary(temporary, replacement);
  let takeBack = (): void => {};
  try {
    takeBack = replacement.beforeRename();
    renameSync(temporary, file);
  } catch (error) {
    quietly(takeBack);
    quietly(() => unlinkSync(temporary));
    throw error;
  }
  try {
    syncFolder(folderOf(file));
    return undefined;
  } catch (error) {
    return error;
  }
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

const SLASH = 0x2f;

/** With its slash at the end. */
function folderOf(file: Buffer): Buffer {
  return file.subarray(0, file.lastIndexOf(SLASH) + 1);
}

/** A dot in front: no tool takes it for configuration. */
function temporaryPrefix(file: Buffer): Buffer {
  return Buffer.concat([Buffer.from("."), file.subarray(file.lastIndexOf(SLASH) + 1), Buffer.from(".")]);
}

function writeTemporary(temporary: Buffer, { file, bytes, mode, keepOwner }: Replacement): void {
  const descriptor = openSync(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
    if (keepOwner) takeOwner(descriptor, file);
    fchmodSync(descriptor, mode);
    fsyncSync(descriptor);
  } catch (error) {
    quietly(() => unlinkSync(temporary));
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

function takeOwner(descriptor: number, file: Buffer): void {
  // Where it is not allowed, the new file belongs to whoever wrote it, as any new file does.
  quietly(() => {
    const old = statSync(file, { throwIfNoEntry: false });
    if (old !== undefined) fchownSync(descriptor, old.uid, old.gid);
  });
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
