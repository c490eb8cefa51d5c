// Sends a signal to a process that was found by its number, and to no other that may have got the number since.
import { closeSync } from "node:fs";
import { constants } from "node:os";
import { native } from "../../core/native.ts";
import { errnoOf, reasonOf } from "../app-error.ts";

export type Signalled =
  | { readonly outcome: "told" }
  /** There is no such process, or `isStill` said so. */
  | { readonly outcome: "gone" }
  | { readonly outcome: "failed"; readonly reason: string };

/**
 * `isStill` looks whether the number still means the process that was found. It is asked while a descriptor keeps the
 * process that gets the signal: one that takes the number afterwards gets nothing.
 */
export function sendSignal(pid: number, signal: "SIGHUP" | "SIGTERM", isStill: () => boolean): Signalled {
  let descriptor: number | undefined;
  try {
    descriptor = native().openProcess(pid);
    if (!isStill()) return { outcome: "gone" };
    native().signalProcess(descriptor, constants.signals[signal]);
    return { outcome: "told" };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return errno === "ESRCH" ? { outcome: "gone" } : { outcome: "failed", reason: reasonOf(error) };
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
