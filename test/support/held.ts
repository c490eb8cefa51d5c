// Processes that tests start and look at as the manager does.
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from "node:child_process";
import path from "node:path";
import { afterAll } from "vitest";
import type { ObjectFacts, ProcessFacts } from "../../src/coverage/facts.ts";
import { observeProcesses, type Processes } from "../../src/observe/processes/read-processes.ts";
import { asNobody } from "./cli.ts";
import { compileC } from "./compile-c.ts";
import { NODE, staged } from "./stage/stage.ts";

/** Holds what its arguments say, until it is killed. */
export const HOLD = compileC("test/system/coverage-processes.c", ["-lpthread", "-ldl"]);
/** A script for node: see there. */
export const OBSERVE = staged(path.join(import.meta.dirname, "observe.mjs"));
export const TIRPC = "libtirpc.so.3";

const started: ChildProcess[] = [];
afterAll(() => {
  for (const child of started) child.kill("SIGKILL");
});

/** The process id of a command that has said "ready". */
export async function held(command: readonly [string, ...string[]], options: SpawnOptions = {}): Promise<number> {
  const [program, ...args] = command;
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"], ...options });
  started.push(child);
  await new Promise((resolve, reject) => {
    child.stdout?.once("data", resolve);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`it ended with ${code}`)));
  });
  return child.pid as number;
}

export interface Found extends ProcessFacts {
  readonly mapped: readonly ObjectFacts[];
}

export function seen({ processes, objects }: Processes, pid: number): Found {
  const process = processes.find((one) => one.pid === pid);
  if (process === undefined) throw new Error(`process ${pid} was not seen`);
  const keys = Array.isArray(process.objects) ? (process.objects as readonly string[]) : [];
  return { ...process, mapped: keys.map((key) => objects[key] as ObjectFacts) };
}

export async function look(command: readonly [string, ...string[]], options?: SpawnOptions): Promise<Found> {
  const pid = await held(command, options);
  return seen(observeProcesses(), pid);
}

/** What another user sees of a process. */
export function asSeenByNobody(pid: number): Found {
  const [command = "", ...args] = [...asNobody, NODE, OBSERVE, String(pid)];
  const { stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (stderr !== "") throw new Error(stderr);
  return JSON.parse(stdout) as Found;
}
