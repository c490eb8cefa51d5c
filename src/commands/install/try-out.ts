// Proof before and after: a shim is tried on the host's programs before any list names it, and looked for in them afterwards.

import { ALLOCATED_PORTS } from "../../core/levers.ts";
import type { NativeTable } from "../../core/native.ts";
import { type Abi, shimFile } from "../../system/abis.ts";
import { AppError } from "../../system/app-error.ts";
import { exhaustions, rehearse, type Scene, setuidPrograms } from "../../system/rehearsal.ts";
import {
  type Difference,
  differenceBetween,
  runAlone,
  type TrialProgram,
  type TrialResult,
  trialPrograms,
} from "../../system/trial.ts";

/** How programs behaved before anything was changed. */
export interface Baseline {
  readonly programs: readonly TrialProgram[];
  readonly results: readonly TrialResult[];
}

export function baselineOf(abis: readonly Abi[]): Baseline {
  const programs = trialPrograms(abis);
  return { programs, results: programs.map((program) => runAlone(program, undefined)) };
}

/** Runs each program with `preload`. Throws AppError on the first that behaves in another way. */
export function tryWithPreload({ programs, results }: Baseline, preload: string): void {
  for (const [at, program] of programs.entries()) {
    const difference = differenceBetween(program, results[at] as TrialResult, runAlone(program, preload));
    if (difference !== undefined) throw refused(difference, "with the shim preloaded,");
  }
}

/** What a rehearsal has shown: the number of programs, or why there was none. */
export type RehearsalNote = { readonly programs: number } | { readonly impossible: string };

/**
 * Plays the host's programs, setuid ones among them, and real allocations in a sandbox whose list is `next`: all must
 * behave as with `now`, and no port that `table` reserves may be handed out. Throws AppError.
 */
export async function tryInSandbox(
  abis: readonly Abi[],
  scenes: { readonly now: Scene; readonly next: Scene },
  table: Pick<NativeTable, "tcp" | "udp">,
): Promise<RehearsalNote> {
  const programs = [...trialPrograms(abis), ...(await setuidPrograms())];
  const before = await rehearse(scenes.now, programs);
  if (before.outcome === "impossible") return { impossible: before.reason };
  const allocations = exhaustions(abis);
  const after = await rehearse(scenes.next, [...programs, ...allocations]);
  if (before.outcome !== "played") throw sandboxFailed(before.reason);
  if (after.outcome !== "played") throw refusal(`with the shim in its preload list, a sandbox broke: ${after.reason}`);
  for (const [at, program] of programs.entries()) {
    const one = before.results[at] as TrialResult;
    const difference = differenceBetween(program, one, after.results[at] as TrialResult);
    if (difference !== undefined) throw refused(difference, "with the shim in a sandbox's preload list,");
  }
  for (const [at, { command }] of allocations.entries()) {
    const result = after.results[programs.length + at] as TrialResult;
    const stolen = stolenPort(result.stdout, command.includes("udp") ? table.udp : table.tcp);
    if (stolen !== undefined) throw refusal(`in a sandbox, '${command.join(" ")}' ${stolen}`);
  }
  return { programs: programs.length };
}

/** What is wrong with the ports that a probe was given; undefined if nothing is. */
function stolenPort(output: string, reserved: readonly number[]): string | undefined {
  const given = new Set([...output.matchAll(/"port":(\d+)/g)].map(([, port]) => Number(port)));
  const range = ALLOCATED_PORTS.last - ALLOCATED_PORTS.first + 1;
  const within = reserved.filter((port) => port >= ALLOCATED_PORTS.first && port <= ALLOCATED_PORTS.last);
  const stolen = within.find((port) => given.has(port));
  if (stolen !== undefined) return `got port ${stolen}, which is reserved`;
  const expected = range - within.length;
  return given.size === expected ? undefined : `got ${given.size} ports, where ${expected} are not reserved`;
}

/** Starts programs with no environment of ours and looks where their functions come from. Throws AppError if it is not the shim. */
export function prove({ programs, results }: Baseline, abis: readonly Abi[]): readonly string[] {
  for (const [at, program] of programs.entries()) {
    const difference = differenceBetween(program, results[at] as TrialResult, runAlone(program, undefined));
    if (difference !== undefined) throw refused(difference, "with the shim in the preload list,");
  }
  return abis.flatMap((abi) => {
    if (abi.probe === undefined || abi.lib === undefined) return [];
    const expected = shimFile(abi.lib);
    const shown = runAlone({ command: [abi.probe, "--which"] }, undefined);
    const lines = shown.stdout.split("\n").filter((line) => line !== "");
    const strange = lines.find((line) => (JSON.parse(line) as { object: string | null }).object !== expected);
    if (lines.length > 0 && strange === undefined) return [abi.name];
    const hint =
      "look for what else says where libraries come from: 'ldconfig -p', LD_PRELOAD and LD_LIBRARY_PATH of the host";
    throw new AppError(
      "incomplete",
      `a ${abi.name} program started after the change is not covered: ${strange ?? shown.stderr.trim()}`,
      hint,
    );
  });
}

function refused({ command, what }: Difference, when: string): AppError {
  return refusal(`${when} '${command}' ${what}`);
}

function refusal(message: string): AppError {
  return new AppError("unsafe", message, "get another build of the package, and report this");
}

function sandboxFailed(reason: string): AppError {
  return new AppError("incomplete", `the sandbox for the trial failed: ${reason}`, "run it again");
}
