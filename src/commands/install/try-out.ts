// Proof before and after: a shim is tried on the host's programs before any list names it, and looked for in them afterwards.

import { ALLOCATED_PORTS } from "../../core/mechanism.ts";
import type { NativeTable } from "../../core/native.ts";
import { AppError } from "../../system/app-error.ts";
import { type HostAbi, shimFile } from "../../system/host/abis.ts";
import {
  type Difference,
  differenceBetween,
  runAlone,
  type TrialProgram,
  type TrialResult,
  trialPrograms,
} from "../../system/host/trial.ts";
import {
  exhaustions,
  programsOfNobody,
  programsOfSandbox,
  type RehearsalRun,
  rehearse,
} from "../../system/sandbox/rehearsal.ts";

/** How programs behaved before anything was changed. */
export interface Baseline {
  readonly programs: readonly TrialProgram[];
  readonly results: readonly TrialResult[];
}

export function baselineOf(abis: readonly HostAbi[]): Baseline {
  const own = trialPrograms(abis);
  const programs = [...own, ...programsOfNobody(own)];
  return { programs, results: programs.map((program) => runAlone(program, undefined)) };
}

/** Runs each program with `preload`, which is `what`. Throws AppError on the first that behaves in another way. */
export function tryWithPreload({ programs, results }: Baseline, preload: string, what: string): void {
  for (const [at, program] of programs.entries()) {
    const difference = differenceBetween(program, results[at] as TrialResult, runAlone(program, preload));
    if (difference !== undefined) throw refused(difference, `with ${what} preloaded,`);
  }
}

/** Where programs started with it have their functions from; `library` is a path with `$LIB`. Throws AppError if it is another file. */
export function tryHighPorts(abis: readonly HostAbi[], library: string): void {
  for (const { name, lib, command } of whereabouts(abis)) {
    const strange = notFrom(library.replace("$LIB", lib), runAlone({ command }, library));
    if (strange !== undefined)
      throw notCovered(`with the high-ports library, a ${name} program is not covered: ${strange}`);
  }
}

/** What a rehearsal has shown: the number of programs, or why there was none. */
export type RehearsalNote = { readonly programs: number } | { readonly impossible: string };

/**
 * Plays the host's programs, also as nobody, setuid ones among them, and real allocations in a sandbox whose list is
 * `next`: all must behave as with `now`, find their functions in `shim` (a path with `$LIB`), and get no port that
 * `table` reserves. Throws AppError.
 */
export async function tryInSandbox(
  abis: readonly HostAbi[],
  scenes: { readonly now: RehearsalRun; readonly next: RehearsalRun },
  shim: string,
  table: Pick<NativeTable, "tcp" | "udp">,
): Promise<RehearsalNote> {
  const own = trialPrograms(abis);
  const programs = [...own, ...(await programsOfSandbox(own))];
  const before = await rehearse(scenes.now, programs);
  if (before.outcome === "impossible") return { impossible: before.reason };
  const allocations = exhaustions(abis);
  const places = whereabouts(abis);
  const questions = places.map(({ command }) => ({ command }));
  const after = await rehearse(scenes.next, [...programs, ...allocations, ...questions]);
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
  for (const [at, { name, lib }] of places.entries()) {
    const result = after.results[programs.length + allocations.length + at] as TrialResult;
    const strange = notFrom(shim.replace("$LIB", lib), result);
    if (strange !== undefined) throw notCovered(`in a sandbox, a ${name} program is not covered: ${strange}`);
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

/** Starts programs with an empty environment and looks where their functions come from. Throws AppError if it is not the shim. */
export function proveInstalled({ programs, results }: Baseline, abis: readonly HostAbi[]): readonly string[] {
  for (const [at, program] of programs.entries()) {
    const difference = differenceBetween(program, results[at] as TrialResult, runAlone(program, undefined));
    if (difference !== undefined) throw refused(difference, "with the shim in the preload list,");
  }
  return whereabouts(abis).map(({ name, lib, command }) => {
    const strange = notFrom(shimFile(lib), runAlone({ command }, undefined));
    if (strange === undefined) return name;
    throw notCovered(`a ${name} program started after the change is not covered: ${strange}`);
  });
}

/** For each ABI that has a probe, the command that tells where a program's functions come from. */
function whereabouts(
  abis: readonly HostAbi[],
): readonly { readonly name: string; readonly lib: string; readonly command: readonly [string, string] }[] {
  return abis.flatMap(({ name, lib, probe }) =>
    probe === undefined || lib === undefined ? [] : [{ name, lib, command: [probe, "--which"] as const }],
  );
}

/** The first line that tells of another file, or what was said instead; undefined if all functions come from `file`. */
function notFrom(file: string, { stdout, stderr }: TrialResult): string | undefined {
  const lines = stdout.split("\n").filter((line) => line !== "");
  if (lines.length === 0) return stderr.trim();
  return lines.find((line) => !line.endsWith(`"object":${JSON.stringify(file)}}`));
}

function refused({ command, what }: Difference, when: string): AppError {
  return refusal(`${when} '${command}' ${what}`);
}

function refusal(message: string): AppError {
  return new AppError(
    "unsafe",
    message,
    "run it again; if it says the same, get another build of the package, and report this",
  );
}

function notCovered(message: string): AppError {
  const hint =
    "look for what else says where libraries come from: others in the preload list, 'ldconfig -p', LD_PRELOAD and LD_LIBRARY_PATH of the host";
  return new AppError("incomplete", message, hint);
}

function sandboxFailed(reason: string): AppError {
  return new AppError("incomplete", `the sandbox for the trial failed: ${reason}`, "run it again");
}
