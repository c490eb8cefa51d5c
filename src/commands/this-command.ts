// The command that is being run, with all of its arguments: to be pasted once more, as root.
import { commandLine, shellWord } from "../system/command-text.ts";
import type { Context, Options } from "./types.ts";

export type ThisCommand = Pick<Context, "verb" | "options" | "args">;

/** "sudo portreservectl verify --unit ypbind" */
export function asRootCommand({ verb, options, args }: ThisCommand): string {
  const words = [verb, ...[...args, ...switches(options)].map(shellWord)];
  return `sudo ${commandLine(options.root, words.join(" "))}`;
}

/** As they were given: what is run as root has to be just that. */
function switches(options: Options): readonly string[] {
  const { units, pid, output, prometheus, timeout } = options;
  return [
    ...(units.length === 0 ? [] : ["--unit", ...units]),
    ...(pid === undefined ? [] : ["--pid", pid]),
    ...(options.quick ? ["--quick"] : []),
    ...(options.block ? ["--block"] : []),
    ...(options.share ? ["--share"] : []),
    ...(options.unchecked ? ["--unchecked"] : []),
    ...(options.now ? ["--now"] : []),
    ...(options.restart ? ["--restart"] : []),
    ...(options.restartOwner ? ["--restart-owner"] : []),
    ...(options.dryRun ? ["--dry-run"] : []),
    ...(options.strict ? ["--strict"] : []),
    ...(options.force ? ["--force"] : []),
    ...(options.blacklist ? [] : ["--no-blacklist"]),
    ...(options.wait ? [] : ["--no-wait"]),
    ...(options.settle ? ["--settle"] : []),
    ...(output === undefined ? (prometheus ? ["--prometheus"] : []) : ["--output", output]),
    ...(options.nagios ? ["--nagios"] : []),
    ...(timeout === undefined ? [] : ["--timeout", timeout]),
    ...(options.watch ? ["--watch"] : []),
    ...(options.verbose ? ["--verbose"] : []),
    ...(options.json ? ["--json"] : []),
  ];
}
