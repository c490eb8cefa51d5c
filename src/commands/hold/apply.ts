// What hold and unhold do to the host: files of /etc/portreserve, a compile, and the unit of portreserve-hold, or nothing of it.
import { existsSync } from "node:fs";
import type { Change } from "../../core/install/change.ts";
import { readHolder } from "../../observe/holder/read-holder.ts";
import { readHold } from "../../observe/read-hold.ts";
import type { Message, Outcome, Report } from "../../report/types.ts";
import { AppError } from "../../system/app-error.ts";
import { hostPath } from "../../system/command-text.ts";
import { type Journal, openJournal } from "../../system/files/apply.ts";
import { isFolder, statEntry } from "../../system/files/entry.ts";
import { readTable, removeCompiledLeftovers } from "../../system/files/table-file.ts";
import { tidyUpIn } from "../../system/files/tidy-up.ts";
import { systemdRuns } from "../../system/host/systemd.ts";
import { HOLDER_FILE, HOLDER_PROGRAM, HOLDER_UNIT, OWNERS_FOLDER } from "../../system/paths.ts";
import { compileOnce } from "../compile.ts";
import { type HoldPlan, planHold } from "../hold-file/plan.ts";
import {
  changesToDisable,
  changesToEnable,
  disableHolder,
  enableHolder,
  holderIsActive,
  holderUnit,
  refusalToEnable,
} from "../install/holder-unit.ts";
import { planTable } from "../table-plan.ts";
import type { Options } from "../types.ts";
import type { Edit, EditPlan } from "./edits.ts";

/** `unit`: what is done with the unit of portreserve-hold; `none` where it is as it has to be, or is not what starts it. */
export interface Steps {
  readonly files: readonly Change[];
  readonly unitFiles: readonly Change[];
  readonly unit: "enable" | "disable" | "none";
  readonly hold: HoldPlan;
}

export interface StepsRefused {
  readonly outcome: Outcome;
  readonly message: Message;
}

/** Changes nothing. Throws AppError for a place that is no file. */
export function planSteps(options: Options, { edits, sources }: EditPlan): Steps | StepsRefused {
  const { root } = options;
  const some = sources.held.length > 0;
  const wanted = some ? needsUnit(root) : holderUnit(root).kind === "installed" ? "disable" : "none";
  if (typeof wanted !== "string") return refusedBy(wanted);
  const hold = readHold(root);
  const table = planTable(options, sources, readTable(root), hold);
  if (table.kind === "refuse") return { outcome: table.outcome, message: table.message };
  const unitFiles = wanted === "enable" ? changesToEnable(root) : wanted === "disable" ? changesToDisable(root) : [];
  const running = systemdRuns(root) && wanted !== "none" && holderIsActive();
  const isDone = unitFiles.length === 0 && (!systemdRuns(root) || running === (wanted === "enable"));
  return {
    files: fileChanges(root, edits),
    unitFiles,
    unit: isDone ? "none" : wanted,
    hold: planHold(sources.held, hold),
  };
}

function refusedBy({ code, message, hint }: AppError): StepsRefused {
  const text = `${message}; nothing was changed`;
  return { outcome: code, message: { severity: "error", message: text, ...(hint === undefined ? {} : { hint }) } };
}

/** Where something else than systemd has started it, that goes on to do so. */
function needsUnit(root: string): "enable" | "none" | AppError {
  const isInstalled = holderUnit(root).kind === "installed";
  if (!isInstalled && root === "/" && readHolder().kind === "running") return "none";
  const refusal = refusalToEnable(root);
  if (refusal === undefined) return "enable";
  if (root !== "/" || systemdRuns(root) || !existsSync(HOLDER_FILE)) return refusal;
  const hint = `start '${HOLDER_FILE}' as root, from where this host starts its daemons, and run this again`;
  return new AppError("incomplete", `${HOLDER_PROGRAM} is not running, and no systemd is here to start it`, hint);
}

/** Throws AppError for a place that is no file, and where somebody has changed one meanwhile. */
export function fileChanges(root: string, edits: readonly Edit[]): readonly Change[] {
  if (edits.length === 0) return [];
  const folder: readonly Change[] = isFolder(root, OWNERS_FOLDER) ? [] : [{ kind: "make-folder", path: OWNERS_FOLDER }];
  const files = edits.map(({ file, old, bytes }): Change => {
    const found = statEntry(root, file);
    if (found.kind !== "file" && found.kind !== "missing") {
      const hint = `see it with 'ls -l ${hostPath(root, file)}', and move it away`;
      throw new AppError("unsafe", `'${file}' is not a file that can be read; nothing was changed`, hint);
    }
    const now = found.kind === "file" ? found.bytes : undefined;
    if (Buffer.compare(now ?? EMPTY, old ?? EMPTY) !== 0) {
      throw new AppError("incomplete", `'${file}' was changed by somebody meanwhile`, "run it again");
    }
    return {
      kind: "write-file",
      path: file,
      bytes,
      mode: found.kind === "file" ? found.mode : 0o644,
      old: now,
      follow: true,
    };
  });
  return [...folder, ...files];
}

const EMPTY = new Uint8Array();

/** Only under the lock. Gives what compile says. Throws AppError: nothing has another word then, or the message says what has. */
export function applySteps(options: Options, steps: Steps): Report {
  const { root } = options;
  const journal = openJournal(root);
  try {
    removeCompiledLeftovers(root);
    tidyUpIn(root, OWNERS_FOLDER, steps.files.map(pathOf), "nothing was changed");
    journal.apply(steps.files);
    const report = compileOnce(options, steps.unit === "enable");
    if (report.data.result === "refused") throw refusalOf(report);
    switchUnit(root, steps.unit, journal);
    return report;
  } catch (error) {
    const left = journal.rollBack() ?? compileAgain(options);
    if (!(error instanceof AppError)) throw error;
    throw new AppError(
      error.code,
      `${error.message}; ${left ?? `the words in '${OWNERS_FOLDER}' were taken back`}`,
      error.hint,
      error,
    );
  }
}

const pathOf = ({ path }: Change): string => path;

/** What is in force has to follow the files that are there again. A sentence where it does not. */
function compileAgain(options: Options): string | undefined {
  try {
    compileOnce(options);
    return undefined;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return `the files of '${OWNERS_FOLDER}' are as they were, and have to be compiled again: ${error.message}`;
  }
}

function switchUnit(root: string, unit: Steps["unit"], journal: Journal): void {
  if (unit === "enable") enableHolder(root, journal);
  if (unit === "disable") disableHolder(root, journal);
}

/** Planned before, so that only a change meanwhile leads here. */
function refusalOf({ messages = [] }: Report): AppError {
  const [first] = messages;
  return new AppError("unsafe", first?.message ?? "it could not be compiled", first?.hint);
}

export function unitText(unit: Steps["unit"], root: string, dryRun: boolean): readonly string[] {
  const live = systemdRuns(root);
  switch (unit) {
    case "none":
      return [];
    case "enable":
      return [`${dryRun ? "would be enabled" : "enabled"}${live ? " and started" : ""}: '${HOLDER_UNIT}'`];
    case "disable": {
      const words = live ? "stopped and disabled" : "disabled";
      return [`${dryRun ? "would be " : ""}${words}: '${HOLDER_UNIT}', since nothing is held any more`];
    }
    default:
      return unit satisfies never;
  }
}
