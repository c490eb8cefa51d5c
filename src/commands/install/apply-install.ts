// Carries the plan of an installation out in the one order that cannot break a host, and takes everything back if any step fails.
import path from "node:path";
import type { HeldPort } from "../../core/hold/held-ports.ts";
import { sameBytes } from "../../core/install/artefacts.ts";
import type { WriteFile } from "../../core/install/change.ts";
import type { InstallState, Plan } from "../../core/install/plan.ts";
import { withEntry } from "../../core/preload-list/with-entry.ts";
import { PATH_UNITS } from "../../core/systemd/unit-texts.ts";
import type { TableContent } from "../../core/table/content.ts";
import type { Message } from "../../report/types.ts";
import { AppError } from "../../system/app-error.ts";
import { commandLine } from "../../system/command-text.ts";
import { type Journal, openJournal } from "../../system/files/apply.ts";
import { lstatEntry } from "../../system/files/entry.ts";
import { flushFoldersOf } from "../../system/files/flush-folders.ts";
import { tableBytes } from "../../system/files/table-file.ts";
import type { HostAbi } from "../../system/host/abis.ts";
import {
  forgetLabel,
  labelIsRemembered,
  reloadAppArmor,
  rememberLabel,
  selinuxActive,
} from "../../system/host/confinement.ts";
import { daemonReload, startNow, stopNow, systemdRuns } from "../../system/host/systemd.ts";
import { HIGH_FILE, INSTALLED_HIGH, INSTALLED_SHARE, INSTALLED_SHIM, SHARE_FILE } from "../../system/paths.ts";
import { STRANDED } from "../table-change.ts";
import type { UnitWork } from "./drop-ins.ts";
import { expectDone } from "./expect-done.ts";
import { confinementNotes, rolledBack } from "./failures.ts";
import { type HolderDone, holderWork } from "./holder-steps.ts";
import { isListed, pathsOf, placesOf } from "./places.ts";
import {
  baselineOf,
  proveInstalled,
  type RehearsalNote,
  tryHighPorts,
  tryInSandbox,
  tryWithPreload,
} from "./try-out.ts";

export interface Done {
  /** Names of the ABIs whose programs were seen to be covered; none in an image. */
  readonly proved: readonly string[];
  readonly rehearsal: RehearsalNote | undefined;
  readonly notes: readonly Message[];
  readonly holder: HolderDone;
}

export interface ApplyInput {
  readonly root: string;
  readonly abis: readonly HostAbi[];
  readonly state: InstallState;
  readonly plan: Plan;
  readonly content: TableContent;
  readonly held: readonly HeldPort[];
  readonly units: Pick<UnitWork, "before" | "after">;
}

/** Throws AppError; everything is then as it was before, or the message says what is not. */
export async function applyInstall(work: ApplyInput): Promise<Done> {
  const journal = openJournal(work.root);
  try {
    return await steps(work, journal);
  } catch (error) {
    throw rolledBack(error, journal, commandLine(work.root, "uninstall"));
  }
}

async function steps({ root, abis, state, plan, content, held, units }: ApplyInput, journal: Journal): Promise<Done> {
  const here = root === "/";
  const holder = holderWork(root, plan.holder, held);
  journal.apply(plan.folders);
  const staged = journal.stage(plan.libraries);
  const touchesPrograms = plan.libraries.length > 0 || plan.list.length > 0;
  const baseline = here && touchesPrograms ? baselineOf(abis) : undefined;
  // The new files are tried under their temporary names: nothing refers to those yet, also when this is an upgrade.
  const name = plan.libraries.length > 0 ? stagedName(INSTALLED_SHIM, staged.tag) : INSTALLED_SHIM;
  let rehearsal: RehearsalNote | undefined;
  if (baseline !== undefined) {
    tryWithPreload(baseline, name, "the shim");
    if (plan.libraries.some(({ path: file }) => path.basename(file) === HIGH_FILE)) {
      const high = stagedName(INSTALLED_HIGH, staged.tag);
      tryWithPreload(baseline, high, "the high-ports library");
      tryHighPorts(abis, high);
    }
    if (plan.libraries.some(({ path: file }) => path.basename(file) === SHARE_FILE)) {
      tryWithPreload(baseline, stagedName(INSTALLED_SHARE, staged.tag), "the share library");
    }
    rehearsal = await tryInSandbox(abis, scenes(root, state, plan, name), name, content);
  }
  staged.commit();
  for (const file of plan.libraries) expectWhole(root, file);
  holder.before(journal);
  journal.apply(plan.table);
  const notes = putConfinement(root, plan, journal);
  // What is in place already may be the work of a killed run: nothing is named in the list before it is on the disk.
  flushFoldersOf(root, [...pathsOf(state.libraries), state.owners, state.tablePath]);
  journal.apply(plan.list);
  const listed = plan.list.length > 0 || isListed(state);
  const proved = here && listed ? proveInstalled(baseline ?? baselineOf(abis), abis) : [];
  journal.apply(plan.manager);
  putUnits(root, plan, journal);
  holder.put(journal);
  units.before(journal);
  journal.apply(plan.dropIns);
  flushFoldersOf(root, [state.owners, ...placesOf(state)]);
  const told = units.after(plan.dropIns.length > 0);
  return {
    proved,
    rehearsal,
    notes: [...notes, ...(journal.stranded() ? [STRANDED] : []), ...told],
    holder: holder.settle(journal),
  };
}

/** A library that lacks its last bytes may load all the same: no trial would notice. Throws AppError. */
function expectWhole(root: string, { path: file, bytes }: WriteFile): void {
  const found = lstatEntry(root, file);
  if (found.kind === "file" && sameBytes(found.bytes, bytes)) return;
  throw new AppError(
    "incomplete",
    `'${file}' does not have the bytes that were written to it`,
    "see 'dmesg' for errors of the disk",
  );
}

function stagedName(entry: string, tag: string): string {
  return `${path.dirname(entry)}/.${path.basename(entry)}.${tag}.tmp`;
}

/** The list as it is, and as it would be with the shim by its name of the moment: also where only services get it. */
function scenes(root: string, state: InstallState, plan: Plan, name: string): Parameters<typeof tryInSandbox>[1] {
  const now = state.list.found.kind === "file" ? state.list.found.bytes : undefined;
  const placed = plan.list[0]?.kind === "write-file" ? plan.list[0] : withEntry(now, state.entry);
  const next = "bytes" in placed ? placed.bytes : Buffer.from(`${state.entry}\n`);
  const table = state.table?.bytes ?? tableBytes(root);
  return {
    now: { list: now ?? new Uint8Array(), table },
    next: {
      list: Buffer.from(Buffer.from(next).toString("latin1").replaceAll(state.entry, name), "latin1"),
      table,
    },
  };
}

/** The path unit is told to watch now, in the background: the service that it may start waits for our lock. */
function putUnits(root: string, plan: Plan, journal: Journal): void {
  const running = systemdRuns(root);
  if (running && plan.units.length > 0) {
    journal.undo("systemd still knows the units", () => expectDone(daemonReload()));
  }
  journal.apply(plan.units);
  if (!running || plan.units.length === 0) return;
  expectDone(daemonReload());
  journal.undo("path units are still active", () => expectDone(stopNow(PATH_UNITS, "queue")));
  expectDone(startNow(PATH_UNITS, "queue"));
}

/** The table may have been compiled before, without a word to SELinux's tools. */
function putConfinement(root: string, plan: Plan, journal: Journal): readonly Message[] {
  const here = root === "/";
  const rules = here && plan.rules.length > 0;
  if (rules) journal.undo("AppArmor has the new rules", reloadAppArmor);
  journal.apply(plan.rules);
  const label = here && selinuxActive(root) && !labelIsRemembered();
  if (label) journal.undo("SELinux knows the table's label", forgetLabel);
  return confinementNotes([rules ? reloadAppArmor() : undefined, label ? rememberLabel() : undefined]);
}
