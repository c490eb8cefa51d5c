// A file or link as it is, kept in memory so that it can be put back just so.
import { lstatSync, readFileSync, readlinkSync, symlinkSync, unlinkSync } from "node:fs";
import { AppError } from "../app-error.ts";
import { attributesOf } from "./attributes.ts";
import { flushed, type Replacement, replaceFile } from "./replace-file.ts";

/** All that a file is, in memory; undefined for no file, a string for the target of a link. */
export type Captured = Pick<Replacement, "bytes" | "mode" | "owner" | "attributes"> | string | undefined;

export function capture(file: Buffer): Captured {
  const stats = lstatSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  if (stats.isSymbolicLink()) return readlinkSync(file);
  const { uid, gid, mode } = stats;
  return { bytes: readFileSync(file), mode: mode & 0o7777, owner: { uid, gid }, attributes: attributesOf(file) };
}

/** Others who change the same file do not hold our lock: what they wrote since it was looked at must not get lost. */
export function expectPlanned({ path: file, old }: { path: string; old: Uint8Array | undefined }, now: Captured): void {
  const bytes = typeof now === "object" ? now.bytes : undefined;
  const same = old === undefined || bytes === undefined ? old === bytes : Buffer.compare(old, bytes) === 0;
  if (!same) throw new AppError("incomplete", `'${file}' was changed by somebody else meanwhile`, "run it again");
}

/** Puts back what was captured. Throws the system error. */
export function restore(file: Buffer, before: Captured): void {
  if (before === undefined) gone(file);
  else if (typeof before === "string") symlinkSync(before, file);
  else {
    const flushError = replaceFile({ file, ...before });
    if (flushError !== undefined) throw flushError;
  }
}

/** Removes it. Throws the system error. */
export function gone(file: Buffer): void {
  unlinkSync(file);
  flushed(file);
}
