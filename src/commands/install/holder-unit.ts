// The unit of portreserve-hold on a host: whether it is there and enabled, and how it is switched on and off.

import { changesToPut, changesToTakeAway } from "../../core/install/artefacts.ts";
import type { Change } from "../../core/install/change.ts";
import { holderLinkSpec } from "../../core/install/holder-specs.ts";
import { isOurUnit } from "../../core/systemd/unit-texts.ts";
import { AppError } from "../../system/app-error.ts";
import { commandLine, hostPath } from "../../system/command-text.ts";
import type { Journal } from "../../system/files/apply.ts";
import { isFolder, lstatEntry, statEntry } from "../../system/files/entry.ts";
import { unitFolderOf } from "../../system/host/packaging.ts";
import { daemonReload, resetFailed, startNow, stopNow, systemdRuns, unitIsActive } from "../../system/host/systemd.ts";
import { HOLDER_FILE, HOLDER_UNIT, HOLDER_WANTED, MASK, UNIT_FOLDERS } from "../../system/paths.ts";
import { artefactOf } from "./artefact-of.ts";
import { expectDone } from "./expect-done.ts";

/** Where install puts the unit, or a package has it. */
export function holderUnitFile(root: string): string {
  return `${unitFolderOf(root)}/${HOLDER_UNIT}`;
}

/**
 * `none`: the program or its unit is missing, as before an install, and where systemd does not boot the system. `masked`:
 * somebody forbids the unit. `foreign`: the unit that counts is somebody else's.
 */
export type HolderUnit =
  | { readonly kind: "installed" | "none" }
  | { readonly kind: "masked" | "foreign"; readonly path: string };

export function holderUnit(root: string): HolderUnit {
  const mask = maskOfHolder(root);
  if (mask !== undefined) return { kind: "masked", path: mask };
  const path = unitInForce(root);
  if (path === undefined) return { kind: "none" };
  const found = statEntry(root, path);
  const text = found.kind === "file" ? Buffer.from(found.bytes).toString("latin1") : "";
  if (path !== holderUnitFile(root) || !isOurUnit(text)) return { kind: "foreign", path };
  if (statEntry(root, HOLDER_FILE).kind !== "file") return { kind: "none" };
  return { kind: "installed" };
}

/** The file or link by which the unit is masked, where that is what counts. */
export function maskOfHolder(root: string): string | undefined {
  const path = unitInForce(root);
  if (path === undefined) return undefined;
  const found = lstatEntry(root, path);
  const isMask = found.kind === "link" ? found.target === MASK : found.kind === "file" && found.bytes.length === 0;
  return isMask ? path : undefined;
}

/** Of the files that have the unit's name the one that systemd reads. */
function unitInForce(root: string): string | undefined {
  return UNIT_FOLDERS.map((folder) => `${folder}/${HOLDER_UNIT}`).find(
    (path) => lstatEntry(root, path).kind !== "missing",
  );
}

function linkOf(root: string): ReturnType<typeof artefactOf> {
  return artefactOf(root, holderLinkSpec(HOLDER_WANTED, holderUnitFile(root)));
}

/** What `enableHolder` does to files: the link, or nothing. `diffBlock` shows it for a dry run. */
export function changesToEnable(root: string): readonly Change[] {
  return changesToPut(linkOf(root), (folder) => isFolder(root, folder));
}

/** What `disableHolder` does to files. */
export function changesToDisable(root: string): readonly Change[] {
  return changesToTakeAway(linkOf(root));
}

/** Why `enableHolder` would not do it; undefined where it would. */
export function refusalToEnable(root: string): AppError | undefined {
  const unit = holderUnit(root);
  switch (unit.kind) {
    case "installed": {
      const { found, ours } = linkOf(root);
      if (found.kind === "missing" || ours) return undefined;
      return strange(root, HOLDER_WANTED);
    }
    case "none": {
      const hint = `run '${commandLine(root, "install")}', which brings it`;
      return new AppError("incomplete", `'${HOLDER_UNIT}' is not installed`, hint);
    }
    case "masked":
      return new AppError("unsafe", maskedText(unit.path), UNMASK);
    case "foreign":
      return strange(root, unit.path);
    default:
      return unit satisfies never;
  }
}

export function maskedText(path: string): string {
  return `'${HOLDER_UNIT}' is masked by '${path}', so nothing can be held or blocked`;
}

export const UNMASK = `run 'systemctl unmask ${HOLDER_UNIT}', then 'portreservectl install'`;

function strange(root: string, path: string): AppError {
  const hint = `find out who made it with 'ls -l ${hostPath(root, path)}', and move it away`;
  return new AppError("unsafe", `'${path}' is not what portreservectl would have put there`, hint);
}

/**
 * Enables the unit, and has systemd start it where that runs; nothing changes where both is done already. The file of held
 * ports must be in force before. Throws AppError; what was done until then is in the journal.
 */
export function enableHolder(root: string, journal: Journal): void {
  const refusal = refusalToEnable(root);
  if (refusal !== undefined) throw refusal;
  applyLink(root, changesToEnable(root), journal);
  if (systemdRuns(root)) startHolder(journal);
}

/** Stops the unit where systemd runs, and disables it. A unit of somebody else is left alone. Throws AppError. */
export function disableHolder(root: string, journal: Journal): void {
  if (systemdRuns(root) && holderUnit(root).kind === "installed") stopHolder(journal);
  applyLink(root, changesToDisable(root), journal);
}

function applyLink(root: string, changes: readonly Change[], journal: Journal): void {
  if (changes.length === 0) return;
  const running = systemdRuns(root);
  if (running) journal.undo(`systemd has another state of '${HOLDER_UNIT}'`, () => expectDone(daemonReload()));
  journal.apply(changes);
  if (running) expectDone(daemonReload());
}

/** Waits until it holds what it can. Throws AppError. */
export function startHolder(journal: Journal): void {
  if (holderIsActive()) return;
  journal.undo(`'${HOLDER_UNIT}' is still active`, endHolder);
  expectDone(startNow([HOLDER_UNIT], "finish"));
}

/** Waits until its ports are free. Throws AppError. */
export function stopHolder(journal: Journal): void {
  if (holderIsActive())
    journal.undo(`'${HOLDER_UNIT}' was stopped`, () => expectDone(startNow([HOLDER_UNIT], "finish")));
  endHolder();
}

/** One that systemd does not have is ended already. */
function endHolder(): void {
  const stopped = stopNow([HOLDER_UNIT], "finish");
  if (holderIsActive()) expectDone(stopped);
  resetFailed([HOLDER_UNIT]);
}

export function holderIsActive(): boolean {
  return unitIsActive(HOLDER_UNIT);
}
