// A setting of the running kernel: one line of text in a file of /proc/sys or /sys, which is read and written whole.
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import type { Change } from "../../core/install/change.ts";
import { AppError, errnoOf } from "../app-error.ts";

/** In bytes. The kernel gives such a file in one read, and nothing of it in a second. */
const LIMIT = 512 * 1024;

/** Without blanks around it; undefined where there is no such setting. Throws with `code` (errno name). */
export function kernelValue(file: string): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(errnoOf(error) ?? "")) return undefined;
    throw error;
  }
  try {
    const buffer = Buffer.allocUnsafe(LIMIT);
    return buffer.toString("latin1", 0, readSync(descriptor, buffer, 0, LIMIT, null)).trim();
  } finally {
    closeSync(descriptor);
  }
}

/** An empty text empties a list. Throws with `code` (errno name). */
function setKernelValue(file: string, value: string): void {
  const descriptor = openSync(file, constants.O_WRONLY);
  try {
    // A list that is longer than a page is taken in parts, the later ones added to the first.
    const bytes = Buffer.from(`${value}\n`, "latin1");
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
  } finally {
    closeSync(descriptor);
  }
}

/** Whoever else has set it since is not overruled. Throws AppError, and with `code` (errno name). */
export function changeValue(
  { path: file, value, old }: Change & { kind: "set-value" },
  note: (what: string, run: () => void) => void,
): void {
  if (kernelValue(file) !== old) {
    const hint = "somebody else sets it too: find out who, then run it again";
    throw new AppError("incomplete", `'${file}' was changed in the meantime`, hint);
  }
  note(`'${file}' still has the new value`, () => setKernelValue(file, old));
  setKernelValue(file, value);
}
