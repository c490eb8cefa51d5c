// Carries the plan of a removal out, what is in use before what it uses, and takes everything back if any step fails.
import type { InstallState, Removal } from "../../core/install/plan.ts";
import { METRICS_SERVICE, METRICS_TIMER } from "../../core/systemd/metrics-unit-text.ts";
import { PATH_UNITS, RECOMPILE_UNITS, SERVICE_UNIT } from "../../core/systemd/unit-texts.ts";
import type { Message } from "../../report/types.ts";
import { commandLine } from "../../system/command-text.ts";
import { type Journal, openJournal } from "../../system/files/apply.ts";
import { flushFoldersOf } from "../../system/files/flush-folders.ts";
import { forgetLabel, labelIsRemembered, reloadAppArmor, selinuxActive } from "../../system/host/confinement.ts";
import { daemonReload, resetFailed, startNow, stopNow, systemdRuns } from "../../system/host/systemd.ts";
import { carryOutIn, type Work } from "../mechanisms/change.ts";
import { STRANDED } from "../table-change.ts";
import type { UnitWork } from "./drop-ins.ts";
import { expectDone } from "./expect-done.ts";
import { confinementNotes, rolledBack } from "./failures.ts";
import { takeHolder } from "./holder-steps.ts";
import { pathsOf, placesOf } from "./places.ts";

export interface RemoveInput {
  readonly root: string;
  readonly state: InstallState;
  readonly removal: Removal;
  readonly units: Pick<UnitWork, "before" | "after">;
  /** What mechanisms have put there: of no account to the rest. */
  readonly mechanisms: readonly Work[];
}

/** Throws AppError; everything is then as it was before, or the message says what is not. */
export function applyRemoval({ root, state, removal, units, mechanisms }: RemoveInput): readonly Message[] {
  const journal = openJournal(root);
  try {
    journal.apply(removal.list);
    units.before(journal);
    journal.apply(removal.dropIns);
    // A killed run may have taken these away: nothing that they name goes before that is on the disk.
    flushFoldersOf(root, [state.list.path, ...pathsOf(state.dropIns)]);
    const notes = units.after(removal.dropIns.length > 0);
    takeUnits(root, removal, journal);
    journal.apply(removal.manager);
    journal.apply(removal.libraries);
    journal.apply(removal.table);
    journal.apply(removal.rules);
    carryOutIn(journal, root, mechanisms);
    const holderNotes = takeHolder(root, removal.holder, journal);
    flushFoldersOf(root, [state.owners, ...placesOf(state)]);
    const here = root === "/";
    const gone = removal.table.some(({ kind }) => kind === "remove-table");
    const label = here && gone && selinuxActive(root) && labelIsRemembered();
    const rules = here && removal.rules.length > 0;
    const stranded = journal.stranded() ? [STRANDED] : [];
    return [
      ...notes,
      ...stranded,
      ...holderNotes,
      ...confinementNotes([rules ? reloadAppArmor() : undefined, label ? forgetLabel() : undefined]),
    ];
  } catch (error) {
    throw rolledBack(error, journal, commandLine(root, "uninstall"));
  }
}

function takeUnits(root: string, { units }: Removal, journal: Journal): void {
  const running = systemdRuns(root) && units.length > 0;
  if (running) {
    const timer = units.some(({ path }) => path.endsWith(`.wants/${METRICS_TIMER}`)) ? [METRICS_TIMER] : [];
    journal.undo("path units are no longer active", () => expectDone(startNow([...PATH_UNITS, ...timer], "queue")));
    journal.undo("systemd no longer knows the units", () => expectDone(daemonReload()));
    // One that is not loaded cannot be stopped, and need not be. What the service starts at its end is stopped when
    // nothing can start it any more.
    stopNow([...PATH_UNITS, METRICS_TIMER, SERVICE_UNIT], "finish");
    stopNow([...Object.values(RECOMPILE_UNITS), METRICS_SERVICE], "finish");
    resetFailed([METRICS_SERVICE]);
  }
  journal.apply(units);
  if (running) expectDone(daemonReload());
}
