// Runs programs of the host with and without a library preloaded, and tells the first difference that anybody would notice.
import { existsSync } from "node:fs";
import { PRELOAD_LIST, SHIM_FILE, TRIAL_PROGRAMS } from "../paths.ts";
import { runProgram } from "../start-program.ts";
import type { HostAbi } from "./abis.ts";

export interface TrialProgram {
  /** The program's path and its arguments. */
  readonly command: readonly [string, ...string[]];
}

/** What a run gave; `status` is the exit status, or the signal's name. */
export interface TrialResult {
  readonly status: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** One program that behaves in another way with the library; `what` completes "'COMMAND' …". */
export interface Difference {
  readonly command: string;
  readonly what: string;
}

/** Longer than any of them takes on a busy host; one that hangs is killed. */
const LIMIT_SECONDS = 20;

/** Programs that every host has, where they are, and the package's probe for each ABI that has no program of its own. */
export function trialPrograms(abis: readonly HostAbi[]): readonly TrialProgram[] {
  const own = TRIAL_PROGRAMS.filter(([file]) => existsSync(file)).map((command) => ({ command }));
  return [
    ...own,
    ...abis.flatMap(({ probe }) => (probe === undefined ? [] : [{ command: [probe, "--help"] as const }])),
  ];
}

/** `preload`: the value of LD_PRELOAD; undefined for none at all. `seconds`: until it is killed. The environment is otherwise the same, and nearly empty. */
export function runAlone(
  { command }: TrialProgram,
  preload: string | undefined,
  seconds: number = LIMIT_SECONDS,
): TrialResult {
  const done = runProgram(command, {
    environment: preload === undefined ? {} : { LD_PRELOAD: preload },
    encoding: "latin1",
    timeout: seconds * 1000,
  });
  switch (done.outcome) {
    case "ended":
      return { status: done.status, stdout: done.stdout, stderr: done.stderr };
    case "late":
    case "flood":
      return { status: done.outcome, stdout: done.stdout, stderr: done.stderr };
    case "missing":
    case "not started":
      return { status: "not started", stdout: "", stderr: "" };
    default:
      return done satisfies never;
  }
}

/** Undefined when both runs look the same from outside. */
export function differenceBetween(
  { command }: TrialProgram,
  before: TrialResult,
  after: TrialResult,
): Difference | undefined {
  const what = whatDiffers(before, after);
  return what === undefined ? undefined : { command: command.join(" "), what };
}

function whatDiffers(before: TrialResult, after: TrialResult): string | undefined {
  if (after.status !== before.status) return `${ending(after)}; without the shim it ${ending(before)}`;
  const said = before.stderr.replace(MISSED, "");
  if (after.stderr !== before.stderr && after.stderr !== said)
    return `printed '${newLine(before.stderr, after.stderr)}' on standard error`;
  if (after.stdout !== before.stdout) return `printed '${newLine(before.stdout, after.stdout)}'`;
  return undefined;
}

/** What the loader says where the list names a shim that is missing or closed: install mends it, so it may go. */
const MISSED = new RegExp(`^ERROR: ld\\.so: object '[^'\n]*/${SHIM_FILE}' from ${PRELOAD_LIST} .*\n`, "gm");

function ending({ status, stderr }: TrialResult): string {
  const said = stderr.trim() === "" ? "" : ` and said '${stderr.trim().split("\n")[0]}'`;
  if (status === "late") return "did not end, and was killed";
  if (status === "flood") return "printed without an end, and was killed";
  if (typeof status === "string")
    return status.startsWith("SIG") ? `was killed by ${status}${said}` : "could not be started";
  return `ended with status ${status}${said}`;
}

/** The first line that was not there before. */
function newLine(before: string, after: string): string {
  const known = new Set(before.split("\n"));
  return after.split("\n").find((line) => !known.has(line)) ?? after.split("\n")[0] ?? "";
}
