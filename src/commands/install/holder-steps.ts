// What install and uninstall do about portreserve-hold beside its files: it is started, started again, told, or stopped.

import type { HeldPort } from "../../core/hold/held-ports.ts";
import type { Change } from "../../core/install/change.ts";
import type { Line, Message } from "../../report/types.ts";
import type { Journal } from "../../system/files/apply.ts";
import { daemonReload, restart, systemdRuns } from "../../system/host/systemd.ts";
import { HOLD_FILE, HOLDER_FILE, HOLDER_UNIT, HOLDER_WANTED } from "../../system/paths.ts";
import { holderMessages, tellHolder, tellingLines, tellingMessages } from "../hold-file/holder.ts";
import type { HoldPlan } from "../hold-file/plan.ts";
import { heldCounts } from "../hold-file/words.ts";
import { expectDone } from "./expect-done.ts";
import { holderIsActive, holderUnit, holderUnitFile, maskOfHolder, startHolder, stopHolder } from "./holder-unit.ts";

export interface HolderDone {
  readonly lines: readonly Line[];
  readonly messages: readonly Message[];
}

/** The steps of an installation, in this order. Each throws AppError. That a holder is told or started is the last of all. */
export interface HolderWork {
  /** Before the file of held ports changes. */
  readonly before: (journal: Journal) => void;
  /** Puts the files in their places. */
  readonly put: (journal: Journal) => void;
  /** Once everything else is in place. */
  readonly settle: (journal: Journal) => HolderDone;
}

/** `changes`: of its own files. `held`: what the file of held ports says then. */
export function holderWork(root: string, changes: readonly Change[], held: readonly HeldPort[]): HolderWork {
  const running = systemdRuns(root);
  const isNew = changes.some(({ path }) => path === HOLDER_FILE || path === holderUnitFile(root));
  let restarted = false;
  return {
    before: (journal) => {
      // The last to be taken back: by then the files are as they were, and systemd knows it.
      journal.undo(`'${HOLDER_UNIT}' was not started again as it was`, () => {
        if (restarted) expectDone(restart(HOLDER_UNIT));
      });
    },
    put: (journal) => {
      if (changes.length === 0) return;
      if (running) journal.undo("systemd still knows the units", () => expectDone(daemonReload()));
      journal.apply(changes);
      if (running) expectDone(daemonReload());
    },
    settle: (journal) => {
      if (running && holderUnit(root).kind === "installed") {
        if (isNew && holderIsActive()) {
          restarted = true;
          expectDone(restart(HOLDER_UNIT));
          return { lines: [`restarted: '${HOLDER_UNIT}', ${heldCounts(held)}`], messages: [] };
        }
        if (held.length > 0 && !holderIsActive()) {
          startHolder(journal);
          return { lines: [`started: '${HOLDER_UNIT}', ${heldCounts(held)}`], messages: [] };
        }
      }
      const telling = tellHolder(root, { kind: "unchanged" }, held);
      // Of a masked unit enough is said.
      const isQuiet = telling.kind !== "not needed" || maskOfHolder(root) !== undefined;
      const messages = isQuiet ? tellingMessages(telling) : holderMessages(root, held);
      return { lines: tellingLines(telling), messages };
    },
  };
}

const NEWS: HoldPlan = { kind: "remove", change: { added: [], removed: [] } };

/** Stops it, takes its files away and the file of held ports, and has systemd forget it. Throws AppError. */
export function takeHolder(root: string, changes: readonly Change[], journal: Journal): readonly Message[] {
  const running =
    systemdRuns(root) && changes.some(({ path }) => path === holderUnitFile(root) || path === HOLDER_WANTED);
  if (running) {
    stopHolder(journal);
    journal.undo("systemd no longer knows the unit", () => expectDone(daemonReload()));
  }
  journal.apply(changes);
  if (running) expectDone(daemonReload());
  if (!changes.some(({ path }) => path === HOLD_FILE)) return [];
  // Somebody else may have started one.
  const telling = tellHolder(root, NEWS, []);
  return telling.kind === "failed" ? tellingMessages(telling) : [];
}
