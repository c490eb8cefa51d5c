// What verbs that change the host need their user to be.
import { AppError } from "../system/app-error.ts";
import { commandLine } from "../system/command-text.ts";
import type { Options } from "./types.ts";

/** Throws AppError: on the host itself nobody but root can do it. */
export function needRoot({ root }: Options, verb: string): void {
  if (root !== "/" || process.geteuid?.() === 0) return;
  throw new AppError(
    "privilege",
    `${verb} needs root: it changes files that every program reads`,
    `run 'sudo ${commandLine(root, verb)}'`,
  );
}
