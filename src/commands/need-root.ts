// What verbs that change the host need their user to be.
import { AppError } from "../system/app-error.ts";
import { commandLine, shellWord } from "../system/command-text.ts";
import type { Options } from "./types.ts";

/** Throws AppError: on the host itself nobody but root can do it. */
export function needRoot(options: Options, verb: string, args: readonly string[] = []): void {
  const { root } = options;
  if (root !== "/" || process.geteuid?.() === 0) return;
  throw new AppError(
    "privilege",
    `${verb} needs root: it changes files that every program reads`,
    `run 'sudo ${commandLine(root, [verb, ...[...args, ...switches(options)].map(shellWord)].join(" "))}'`,
  );
}

/** As they were given: what is run as root has to be just that. */
function switches({ units, now, force, blacklist, wait, json }: Options): readonly string[] {
  return [
    ...(units.length === 0 ? [] : ["--unit", ...units]),
    ...(now ? ["--now"] : []),
    ...(force ? ["--force"] : []),
    ...(blacklist ? [] : ["--no-blacklist"]),
    ...(wait ? [] : ["--no-wait"]),
    ...(json ? ["--json"] : []),
  ];
}
