// uninstall: backwards through what install did, the line in the preload list first, so that nothing names what is gone.

import type { Artefact } from "../../core/install/artefacts.ts";
import type { Change } from "../../core/install/change.ts";
import { type InstallState, planUninstall, type Removal } from "../../core/install/plan.ts";
import { DROP_IN_NAME, isShimDropIn } from "../../core/systemd/drop-in.ts";
import { readUnitText, unitsThatName } from "../../observe/units/read-unit-files.ts";
import type { Line, Message, Report } from "../../report/types.ts";
import { commandLine } from "../../system/command-text.ts";
import { packagingOf } from "../../system/host/packaging.ts";
import { HIGH_FILE, HOLDER_UNIT, HOLDER_WANTED, MANAGER_FOLDER, SHARE_FILE, SHIM_FILE } from "../../system/paths.ts";
import { worksToRemoveAll } from "../mechanisms/change.ts";
import { MANAGED_MECHANISMS } from "../mechanisms/table.ts";
import { oldDaemonIsBack } from "../migrate/notice.ts";
import { needRoot } from "../need-root.ts";
import type { Command, Context, Options } from "../types.ts";
import { underLock } from "../under-lock.ts";
import { applyRemoval } from "./apply-removal.ts";
import { dropInsToTake } from "./drop-ins.ts";
import { gatherForUninstall } from "./gather.ts";
import { checkOptions } from "./install.ts";
import { isListed, tidyUp } from "./places.ts";
import { listRefusals, ofPackage, unownedRefusals } from "./refusals.ts";
import { changesJson, diffBlock, doneBlock, refusedReport } from "./report.ts";

export const uninstall: Command = async (context): Promise<Report> => {
  const { options } = context;
  checkOptions(options);
  if (options.dryRun) return uninstallOnce(context);
  needRoot(context);
  const refused = (): Report | undefined => {
    const planned = uninstallOnce({ ...context, options: { ...options, dryRun: true } });
    return planned.data.result === "planned" ? undefined : planned;
  };
  return await underLock(context, async () => uninstallOnce(context), refused);
};

function uninstallOnce({ options }: Context): Report {
  const { root, dryRun } = options;
  const everything = options.units.length === 0;
  if (packagingOf(root) === "other") {
    return refusedReport("uninstall", [ofPackage(root, "uninstall")], "nothing was changed");
  }
  const services = dropInsToTake(options);
  if (services.refusals.length > 0) {
    return { ...refusedReport("uninstall", services.refusals, "nothing was changed"), outcome: "no" };
  }
  const state = gatherForUninstall(root, services.specs);
  const { libraries, rules, manager: parts, units, holder, dropIns } = state;
  const refusals = listRefusals(root, state);
  if (refusals.length > 0) return refusedReport("uninstall", refusals, "nothing was changed");
  // Before the plan: folders that have nothing but leftovers in them go too.
  if (!dryRun) tidyUp(root, state);
  const users = usersOf(root, dropIns);
  const isLast = users.length === 0 && !isListed(state);
  const holdsOn = !everything && isLast && holds(state);
  const base = everything ? users.length === 0 : isLast && !holdsOn;
  const removal = planUninstall(state, { list: everything, base, holder: everything || base, dropIns });
  const strangers = unownedRefusals(root, [
    ...dropIns,
    ...(base ? [...libraries, ...rules, ...parts, ...units] : []),
    ...(everything || base ? holder : []),
  ]);
  const mechanisms = everything ? worksToRemoveAll(root, MANAGED_MECHANISMS) : [];
  const notes = dryRun ? [] : applyRemoval({ root, state, removal, units: services, mechanisms });
  const changes = [...changesOf(removal), ...mechanisms.flatMap((work) => work.changes)];
  return {
    command: "uninstall",
    outcome: strangers.length > 0 ? "unsafe" : "done",
    diagnostics: [],
    messages: [
      ...strangers.map(kept),
      ...(everything ? users.map((path) => stillUsed(root, path)) : []),
      ...(holdsOn ? [stillHeld(root)] : []),
      ...notes,
      ...(removal.units.length > 0 && !dryRun ? oldDaemonIsBack(root) : []),
    ],
    body: [
      dryRun ? diffBlock(changes) : doneBlock(changes, { of: MANAGER_FOLDER, changes: removal.manager }),
      { kind: "lines", lines: strangers.length > 0 ? [] : summary(options, changes, users.length > 0) },
    ],
    data: {
      dryRun,
      result: dryRun ? "planned" : changes.length === 0 ? "unchanged" : "uninstalled",
      changes: changesJson(changes, dryRun),
      units: services.names,
      keptFor: users,
    },
  };
}

/** Whether portreserve-hold is enabled: single services are released, and the ports stay held. */
function holds({ holder }: InstallState): boolean {
  return holder.some(({ path, ours }) => path === HOLDER_WANTED && ours);
}

/** Unit files that name one of our libraries, without the ones that go: both stay for as long as there is one. */
function usersOf(root: string, going: readonly Artefact[]): readonly string[] {
  const gone = new Set(going.filter(({ ours, left }) => ours && left === undefined).map(({ path }) => path));
  const files = [SHIM_FILE, HIGH_FILE, SHARE_FILE].flatMap((name) => unitsThatName(root, name));
  const names = new Set(files.map(({ path }) => path));
  return [...names].filter((path) => !gone.has(path));
}

function kept(message: Message): Message {
  return { ...message, message: `${message.message}, so it was left there` };
}

function stillUsed(root: string, path: string): Message {
  const unit = /([^/]+)\.d\/[^/]+$/.exec(path)?.[1];
  const [file] = readUnitText(root, path);
  const ours = path.endsWith(`/${DROP_IN_NAME}`) && file !== undefined && isShimDropIn(file.text);
  const library =
    file === undefined || file.text.includes(SHIM_FILE)
      ? "shim"
      : file.text.includes(HIGH_FILE)
        ? "high-ports library"
        : "share library";
  return {
    severity: "note",
    message: `'${path}' uses the ${library}, so the shim, its table and the manager stay`,
    hint:
      ours && unit !== undefined
        ? `'${commandLine(root, `uninstall --unit ${unit}`)}' removes it`
        : `take the ${library} out of it by hand, then run uninstall again`,
  };
}

function stillHeld(root: string): Message {
  return {
    severity: "note",
    message: `'${HOLDER_UNIT}' is enabled, so ports stay held, and the shim, its table and the manager stay`,
    hint: `'${commandLine(root, "uninstall")}' takes all of it away`,
  };
}

function changesOf({
  list,
  dropIns,
  units,
  manager: parts,
  libraries,
  table,
  rules,
  holder,
}: Removal): Parameters<typeof diffBlock>[0] {
  return [...list, ...dropIns, ...units, ...parts, ...libraries, ...table, ...rules, ...holder];
}

function summary({ root, dryRun, units }: Options, changes: readonly Change[], used: boolean): readonly Line[] {
  // Folders alone are what an interrupted run has left.
  if (!changes.some(({ kind }) => dryRun || kind !== "remove-folder")) {
    if (units.length > 0) return ["nothing to remove: there is no such drop-in"];
    return [`nothing to remove: ${used ? "the preload list does not name the shim" : "portreserve is not installed"}`];
  }
  if (dryRun) return ["nothing was changed"];
  if (units.length > 0 || root !== "/" || used) return [];
  return ["programs that are running already keep the shim, without a table, until they are restarted"];
}
