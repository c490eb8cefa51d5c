// hold --share: what becomes of services that run, restarted with --now or left, and what is said of each.
import { processesOf } from "../../observe/units/read-unit-processes.ts";
import type { Message } from "../../report/types.ts";
import { AppError } from "../../system/app-error.ts";
import { commandLine } from "../../system/command-text.ts";
import { SHARE_FILE } from "../../system/paths.ts";
import { leftBehind, mappedIn, processWords, restartRunning } from "../install/running-units.ts";
import type { SharePlan } from "./plan.ts";

/** One message for each, or several; an error where a service did not come back. Nothing is taken back: the port is held. */
export function shareNotes({ units, wanted }: SharePlan, now: boolean): readonly Message[] {
  return units.flatMap((unit) => {
    try {
      const before = now ? restartRunning(unit, () => {}) : undefined;
      return notesOf(unit, before);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const ports = (wanted.get(unit) ?? []).join(" ");
      const hint = `see 'systemctl status ${unit}'; 'sudo ${commandLine("/", `unhold ${ports}`)}' takes all of it back`;
      return [{ severity: "error", message: `'${unit}' was not restarted: ${error.message}`, hint }];
    }
  });
}

function notesOf(service: string, before: ReadonlySet<number> | undefined): readonly Message[] {
  const notes = [...processesOf(service)].flatMap(([unit, pids]) => noteOf(unit, pids, before) ?? []);
  if (notes.length > 0) return notes;
  return [{ severity: "note", message: `'${service}' is not running; it has the share library when it starts` }];
}

function noteOf(unit: string, pids: readonly number[], before: ReadonlySet<number> | undefined): Message | undefined {
  const having = mappedIn(pids, SHARE_FILE, before !== undefined);
  const [withIt, without] = [true, false].map((wanted) => pids.filter((pid) => having.get(pid) === wanted));
  if (without === undefined || withIt === undefined || having.size === 0) return undefined;
  if (without.length === 0) {
    const has = withIt.length === 1 ? "has" : "have";
    return { severity: "note", message: `'${unit}': ${processWords(withIt)} ${has} the share library` };
  }
  if (before === undefined) {
    const hint = `'systemctl restart ${unit}' shows whether it starts so, or run it again with --now`;
    return { severity: "note", message: `'${unit}' has the share library from its next start on`, hint };
  }
  const left = without.filter((pid) => before.has(pid));
  if (left.length > 0) return leftBehind(unit, left, "without the share library");
  const lack = without.length === 1 ? "does not have the share library" : "do not have the share library";
  const hint = "a wrapper may empty the environment: see 'systemctl cat'";
  return { severity: "warning", message: `'${unit}' was restarted, and ${processWords(without)} ${lack}`, hint };
}
