// Questions and orders to systemd through systemctl: a failing one is a value, with systemctl's own words.
import { statSync } from "node:fs";
import { SYSTEMD_RUNS } from "../paths.ts";
import { runProgram } from "../start-program.ts";

/** `missing`: there is no systemctl. `timeout`: no answer in time; what was asked for may still happen. */
export type SystemctlResult =
  | { readonly outcome: "done"; readonly output: string }
  | { readonly outcome: "failed" | "timeout" | "missing"; readonly reason: string };

/** Whether systemd is process 1 of the system that `root` is the root of; in an image it never is. */
export function systemdRuns(root: string): boolean {
  return root === "/" && (statSync(SYSTEMD_RUNS, { throwIfNoEntry: false })?.isDirectory() ?? false);
}

const SHOWN = [
  "Id",
  "LoadState",
  "ActiveState",
  "MainPID",
  "FragmentPath",
  "DropInPaths",
  "Environment",
  "EnvironmentFiles",
  "RootDirectory",
  "RootImage",
  "User",
  "ExecStart",
] as const;

/**
 * The output that `fromShow` of core reads. A unit that does not exist is an answer too. systemctl refuses the name of a
 * template: ask for an instance.
 */
export function showUnit(unit: string): SystemctlResult {
  return showUnits([unit], SHOWN);
}

/**
 * Properties of every service and socket that systemd has loaded: all that run or that something loaded depends on. Naming
 * the unit files of the others would make it load each of them, which takes it some 5 ms a unit. `states`: the answer
 * leaves out units of which no state is among these; each unit takes systemd 2 ms. `fromShow` of core reads it.
 */
export function showLoadedUnits(properties: readonly string[], states: readonly string[]): SystemctlResult {
  const asked = [`--state=${states.join(",")}`, `--property=${properties.join(",")}`];
  return systemctl(["show", "--all", ...asked, "--", "*.service", "*.socket"], QUESTION_TIME);
}

/** The same of these units, loaded or not, as NAME=VALUE lines. systemctl refuses templates and names that are none. */
export function showUnits(units: readonly string[], properties: readonly string[]): SystemctlResult {
  return systemctl(["show", `--property=${properties.join(",")}`, "--", ...units], QUESTION_TIME);
}

/** Whether systemd says that it runs; one that is only being started again does not. */
export function unitIsActive(unit: string): boolean {
  const shown = showUnits([unit], ["ActiveState"]);
  return shown.outcome === "done" && /^ActiveState=(active|reloading)$/m.test(shown.output);
}

/** The variables that systemd itself gives to every service; `parseManagerEnvironment` of core reads them. */
export function showManagerEnvironment(): SystemctlResult {
  return systemctl(["show-environment"], QUESTION_TIME);
}

export function daemonReload(): SystemctlResult {
  return systemctl(["daemon-reload"], ORDER_TIME);
}

/** Restarts the unit if it runs; an instance of a template each by its own name. */
export function tryRestart(unit: string): SystemctlResult {
  return systemctl(["try-restart", "--", unit], ORDER_TIME);
}

/** Starts the unit again, running, failed or not. */
export function restart(unit: string): SystemctlResult {
  return systemctl(["restart", "--", unit], ORDER_TIME);
}

/** `queue` returns once the order is accepted: whoever holds a lock that the unit's process waits for must not wait for the unit. */
export type Wait = "finish" | "queue";

export function startNow(units: readonly string[], wait: Wait): SystemctlResult {
  return systemctl(["start", ...blocking(wait), "--", ...units], ORDER_TIME);
}

export function stopNow(units: readonly string[], wait: Wait): SystemctlResult {
  return systemctl(["stop", ...blocking(wait), "--", ...units], ORDER_TIME);
}

/** Whatever asks for it, nothing starts it any more. Refused for one whose file is in the administrator's folder. */
export function mask(unit: string): SystemctlResult {
  return systemctl(["mask", "--", unit], ORDER_TIME);
}

/** It is no longer started at boot. */
export function disable(unit: string): SystemctlResult {
  return systemctl(["disable", "--", unit], ORDER_TIME);
}

/** Forgets that they have failed; one that has not, or is not loaded, is no error worth a word. */
export function resetFailed(units: readonly string[]): void {
  systemctl(["reset-failed", "--", ...units], ORDER_TIME);
}

function blocking(wait: Wait): readonly string[] {
  return wait === "queue" ? ["--no-block"] : [];
}

/** Milliseconds. systemd gives a unit 90 seconds to start and 90 to stop before it gives up. */
const QUESTION_TIME = 30_000;
const ORDER_TIME = 300_000;
/** Units have no bound on their settings. */
const OUTPUT_LIMIT = 16 * 1024 * 1024;

const ENVIRONMENT = { SYSTEMD_PAGER: "", SYSTEMD_COLORS: "0" };

function systemctl(args: readonly string[], timeout: number): SystemctlResult {
  const run = runProgram(["systemctl", "--no-ask-password", ...args], {
    environment: ENVIRONMENT,
    timeout,
    outputLimit: OUTPUT_LIMIT,
  });
  switch (run.outcome) {
    case "ended":
      if (run.status === 0) return { outcome: "done", output: run.stdout };
      return { outcome: "failed", reason: said(run.stderr) ?? `systemctl ended with ${endText(run.status)}` };
    case "missing":
      return { outcome: "missing", reason: "there is no systemctl on this host" };
    case "late":
      return { outcome: "timeout", reason: `'systemctl ${args[0]}' gave no answer in ${timeout / 1000} seconds` };
    case "flood":
      return { outcome: "failed", reason: `'systemctl ${args[0]}' printed more than ${OUTPUT_LIMIT / 1024 ** 2} MiB` };
    case "not started":
      return { outcome: "failed", reason: `cannot run systemctl: ${run.reason}` };
    default:
      return run satisfies never;
  }
}

function endText(status: number | string): string {
  return typeof status === "number" ? `status ${status}` : status;
}

/** What systemctl wrote to standard error, on one line. */
function said(text: string): string | undefined {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  return lines.length === 0 ? undefined : lines.join("; ");
}
