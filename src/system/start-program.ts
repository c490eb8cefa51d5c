// The one place that starts other programs: with an environment made from nothing, a fixed search path, no descriptor of
// this process but those that are named, and a limit for the time and for the bytes that are read from them.
import { type ChildProcess, type SpawnSyncReturns, spawn, spawnSync } from "node:child_process";
import { native } from "../core/native.ts";
import { errnoOf, orUndefined, reasonOf } from "./app-error.ts";
import { SEARCH_PATH } from "./paths.ts";

/** A program without a slash is looked for in `SEARCH_PATH`, never in the caller's PATH. */
export type ProgramCommand = readonly [program: string, ...args: string[]];

export interface RunRequest {
  /** Milliseconds until it is killed. */
  readonly timeout: number;
  /** All that it gets beside PATH and LC_ALL=C. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Bytes of each stream; more than that kills it. 1 MiB by default. */
  readonly outputLimit?: number;
  /** How its output is decoded; latin1 keeps every byte. */
  readonly encoding?: "utf8" | "latin1";
  /** It asks a file system that may never answer: no signal ends it before that, and it is left behind. */
  readonly mayStay?: true;
}

/** What a program that has been run came to. A program that could not be started is a value too. */
export type RunResult =
  | {
      readonly outcome: "ended";
      /** The exit status, or the name of the signal. */
      readonly status: number | NodeJS.Signals;
      readonly stdout: string;
      readonly stderr: string;
    }
  /** `late`: killed at its limit of time. `flood`: killed at its limit of output. */
  | { readonly outcome: "late" | "flood"; readonly stdout: string; readonly stderr: string }
  | { readonly outcome: "missing" | "not started"; readonly reason: string };

/** Runs a program to its end, in the root folder and without input. Throws nothing. */
export function runProgram(command: ProgramCommand, request: RunRequest): RunResult {
  closeInherited();
  const mayStay = request.mayStay === true;
  const [program, ...args] = mayStay ? beside(command) : command;
  const done = spawnSync(program, args, {
    cwd: "/",
    env: environmentOf(request.environment),
    encoding: request.encoding ?? "utf8",
    timeout: request.timeout,
    killSignal: "SIGKILL",
    maxBuffer: request.outputLimit ?? OUTPUT_LIMIT,
    stdio: ["ignore", "pipe", "pipe"],
    // Its children are then those of its group.
    ...(mayStay ? { detached: true } : {}),
  });
  if (mayStay && done.error !== undefined) killGroup(done.pid);
  return resultOf(done);
}

/** A shell that can be killed whatever its child waits for. */
function beside(command: ProgramCommand): ProgramCommand {
  return ["sh", "-c", '"$@" & wait "$!"', "sh", ...command];
}

const OUTPUT_LIMIT = 1024 * 1024;

function resultOf({ error, status, signal, stdout, stderr }: SpawnSyncReturns<string>): RunResult {
  const text = { stdout: stdout ?? "", stderr: stderr ?? "" };
  switch (error === undefined ? undefined : errnoOf(error)) {
    case "ETIMEDOUT":
      return { outcome: "late", ...text };
    case "ENOBUFS":
      return { outcome: "flood", ...text };
    case "ENOENT":
      return { outcome: "missing", reason: reasonOf(error) };
    default:
      if (error !== undefined) return { outcome: "not started", reason: reasonOf(error) };
      return { outcome: "ended", status: status ?? signal ?? "SIGKILL", ...text };
  }
}

export interface StartRequest {
  readonly environment?: Readonly<Record<string, string>>;
  /** Descriptors of this process that it gets as 0, 3, 4 and so on; 0 is /dev/null by default. */
  readonly input?: number;
  readonly more?: readonly (number | "pipe")[];
}

/**
 * Starts a program in the root folder and in a session of its own, which has no terminal: whatever comes to run in there
 * with another user's rights can neither type into the caller's terminal nor use the keys of the caller's session. Its
 * streams 1 and 2 are pipes. Throws with `code` (errno name) where the kernel refuses root an empty keyring for lack of room.
 */
export function startProgram([program, ...args]: ProgramCommand, request: StartRequest): ChildProcess {
  closeInherited();
  if (process.geteuid?.() === 0) leaveSessionKeyring();
  return spawn(program, args, {
    cwd: "/",
    env: environmentOf(request.environment),
    stdio: [request.input ?? "ignore", "pipe", "pipe", ...(request.more ?? [])],
    detached: true,
  });
}

/** Kills a program that `startProgram` started, with all that it has started and that is still in its process group. */
export function killProgram({ pid }: ChildProcess): void {
  if (pid !== undefined) killGroup(pid);
}

function killGroup(pid: number): void {
  // Of none that was started.
  if (pid <= 0) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if (errnoOf(error) !== "ESRCH") throw error;
  }
}

let closed = false;

/** Once: Node opens nothing that is handed on. Without /proc nothing can be listed; then Node's own marks have to do. */
function closeInherited(): void {
  if (closed) return;
  orUndefined(() => native().closeOnExec());
  closed = true;
}

let left = false;

/** Once: what this process starts from then on has the same empty keyring. A kernel without keys has none to leave. */
function leaveSessionKeyring(): void {
  if (left) return;
  try {
    native().newSessionKeyring();
  } catch (error) {
    if (!["ENOSYS", "EPERM"].includes(errnoOf(error) ?? "")) throw error;
  }
  left = true;
}

function environmentOf(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: SEARCH_PATH, LC_ALL: "C", ...more };
}
