// Starts programs as of old: in the caller's environment, by the caller's PATH, with whatever descriptors and keys the caller has.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { errnoOf, reasonOf } from "../../../../src/system/app-error.ts";
import {
  killProgram,
  type ProgramCommand,
  type RunRequest,
  type RunResult,
  type StartRequest,
} from "../../../../src/system/start-program.ts";

export { killProgram };

export function runProgram([program, ...args]: ProgramCommand, request: RunRequest): RunResult {
  const { error, status, signal, stdout, stderr } = spawnSync(program, args, {
    env: { ...process.env, ...request.environment },
    encoding: request.encoding ?? "utf8",
    timeout: request.timeout,
    maxBuffer: request.outputLimit ?? 1024 * 1024,
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (errnoOf(error) === "ENOENT") return { outcome: "missing", reason: reasonOf(error) };
  if (error !== undefined) return { outcome: "not started", reason: reasonOf(error) };
  return { outcome: "ended", status: status ?? signal ?? "SIGKILL", stdout, stderr };
}

export function startProgram([program, ...args]: ProgramCommand, request: StartRequest): ChildProcess {
  return spawn(program, args, {
    env: { ...process.env, ...request.environment },
    stdio: [request.input ?? "ignore", "pipe", "pipe", ...(request.more ?? [])],
    detached: true,
  });
}
