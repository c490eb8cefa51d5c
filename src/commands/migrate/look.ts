// What a migration is planned from: the old daemon's parts, what systemd says of its units, and how the protection stands.
import { isUnseen } from "../../core/seen.ts";
import { isOurUnit, SERVICE_UNIT } from "../../core/systemd/unit-texts.ts";
import { fileName, unique } from "../../core/text.ts";
import { type OldDaemon, readOldDaemon } from "../../observe/old-daemon/read-old-daemon.ts";
import { newMemory } from "../../observe/read-memory.ts";
import { unitFileCalled } from "../../observe/units/read-unit-texts.ts";
import type { Message } from "../../report/types.ts";
import { AppError } from "../../system/app-error.ts";
import { showUnits, systemdRuns } from "../../system/host/systemd.ts";
import { UNIT_FOLDER } from "../../system/paths.ts";
import { type AssessedHost, assessHost } from "../coverage/look.ts";
import { isInForce } from "../status/setup-rows.ts";
import type { Context } from "../types.ts";
import { type FoundDaemon, isNothing, planMigration, type Step, type UnitState } from "./plan.ts";

export interface Migration {
  readonly daemon: OldDaemon;
  readonly steps: readonly Step[];
  /** Undefined where nothing is to be done. */
  readonly host: AssessedHost | undefined;
  /** Why nothing is done. */
  readonly refusal: Message | undefined;
}

/** Changes nothing. Throws AppError. */
export function lookAtMigration(context: Context): Migration {
  const daemon = readOldDaemon("/");
  const steps = isNothing(daemon) ? [] : planMigration(foundWith(daemon));
  if (steps.length === 0) return { daemon, steps, host: undefined, refusal: undefined };
  const host = assessHost(context, newMemory());
  return { daemon, steps, host, refusal: refusalOf(host) };
}

function foundWith(daemon: OldDaemon): FoundDaemon {
  const [unit] = unitFileCalled("/", SERVICE_UNIT);
  const ours = unit !== undefined && isOurUnit(unit.text);
  const names = unique([...daemon.units.map(fileName), SERVICE_UNIT]);
  return { daemon, ours, unitFolder: UNIT_FOLDER, states: systemdRuns("/") ? statesOf(names) : undefined };
}

const ASKED = ["UnitFileState", "ActiveState", "ExecMainPID"] as const;

/** systemctl answers in the order in which it was asked. */
function statesOf(units: readonly string[]): ReadonlyMap<string, UnitState> {
  const shown = showUnits(units, ASKED);
  if (shown.outcome !== "done") {
    throw new AppError("incomplete", `systemd cannot be asked: ${shown.reason}`, "run it on the host, as root");
  }
  const records = shown.output.trim().split(/\n\n+/);
  return new Map(units.map((unit, at) => [unit, stateOf(records[at] ?? "")]));
}

function stateOf(record: string): UnitState {
  const [fileState = "", activeState = "", mainPid = ""] = ASKED.map(
    (name) => new RegExp(`^${name}=(.*)$`, "m").exec(record)?.[1],
  );
  return { fileState, activeState, mainPid: Number(mainPid) };
}

/** Between the end of the daemon and ours nobody would keep the ports. */
function refusalOf({ facts: { setup } }: AssessedHost): Message | undefined {
  const { list, table } = setup;
  const missing = !isInForce(table)
    ? `the table is ${table.state}`
    : isUnseen(list)
      ? list.unseen
      : list.namesShim
        ? undefined
        : "the preload list does not name the shim";
  if (missing === undefined) return undefined;
  return {
    severity: "error",
    message: `nothing is in force that could take the old daemon's place, since ${missing}; nothing was changed`,
    hint: "run 'sudo portreservectl install' first, then this again",
  };
}
