// One writer at a time: an flock on a file under /run, which the kernel releases when its holder ends, however it ends.
import { closeSync, constants, fstatSync, lstatSync, mkdirSync, openSync } from "node:fs";
import path from "node:path";
import { native } from "../core/native.ts";
import { AppError, errnoOf, fromSystem, orUndefined } from "./app-error.ts";
import { hostPath } from "./command-text.ts";
import { otherKind } from "./files/read-file.ts";
import { resolveUnder } from "./files/rooted.ts";
import { LOCK_FILE } from "./paths.ts";

/** Only root can open it on a host: whoever could, could keep every compile waiting. */
const LOCK_MODE = 0o600;

export interface LockChoice {
  readonly root: string;
  /** False throws AppError `incomplete` when another process holds the lock. */
  readonly wait: boolean;
  /** Called once if it has to wait. */
  readonly onWait: () => void;
}

/** Runs `work` while no other process holds the lock of this root. Throws AppError. The lock file stays. */
export async function withLock<T>(choice: LockChoice, work: () => T | Promise<T>): Promise<T> {
  const descriptor = openLock(choice.root);
  try {
    if (!tryLock(descriptor, false)) {
      if (!choice.wait) {
        throw new AppError(
          "incomplete",
          "another portreservectl is running, and --no-wait was given",
          `run it again later; 'fuser -v ${hostPath(choice.root, LOCK_FILE)}' shows who holds the lock`,
        );
      }
      choice.onWait();
      tryLock(descriptor, true);
    }
    return await work();
  } finally {
    closeSync(descriptor);
  }
}

/** Whether there is a lock file on this root already. False where that cannot be seen. */
export function isLockThere(root: string): boolean {
  return orUndefined(() => lstatSync(lockFile(resolveUnder(root, path.dirname(LOCK_FILE)))).isFile()) ?? false;
}

function lockFile(folder: Buffer): Buffer {
  return Buffer.concat([folder, Buffer.from(`/${path.basename(LOCK_FILE)}`)]);
}

function tryLock(descriptor: number, wait: boolean): boolean {
  try {
    return native().lockFile(descriptor, wait);
  } catch (error) {
    throw fromSystem(error, `cannot lock '${LOCK_FILE}'`);
  }
}

const OPEN_FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NONBLOCK | constants.O_NOFOLLOW;

/** Links to its folder are followed inside the root; one in its own place would choose which file is made. */
function openLock(root: string): number {
  let descriptor: number;
  try {
    const folder = resolveUnder(root, path.dirname(LOCK_FILE));
    // The root of an image being built may not have its /run yet.
    if (root !== "/") mkdirSync(folder, { recursive: true });
    descriptor = openSync(lockFile(folder), OPEN_FLAGS, LOCK_MODE);
  } catch (error) {
    const kind = NOT_OPENED[errnoOf(error) ?? ""];
    throw kind === undefined
      ? fromSystem(error, `cannot open the lock '${LOCK_FILE}'`, undefined, hostPath(root, path.dirname(LOCK_FILE)))
      : noLock(root, kind);
  }
  const kind = otherKind(fstatSync(descriptor));
  if (kind === undefined) return descriptor;
  closeSync(descriptor);
  throw noLock(root, kind);
}

/** What is there when opening fails like this. */
const NOT_OPENED: Readonly<Record<string, string>> = {
  EISDIR: "a directory",
  ELOOP: "a symbolic link",
  ENXIO: "a socket or a device",
};

function noLock(root: string, kind: string): AppError {
  const hint = `find out who made it with 'ls -ld ${hostPath(root, LOCK_FILE)}', and remove it`;
  return new AppError("unsafe", `the lock '${LOCK_FILE}' is ${kind}`, hint);
}
