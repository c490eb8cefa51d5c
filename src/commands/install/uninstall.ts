// uninstall: backwards through what install did, the line in the preload list first, so that nothing names what is gone.

import type { Artefact } from "../../core/install/artefacts.ts";
import type { Change } from "../../core/install/change.ts";
import { planUninstall, type Removal } from "../../core/install/plan.ts";
import { DROP_IN_NAME, isOurDropIn } from "../../core/systemd/drop-in.ts";
import { dropInsCalled, unitsThatName } from "../../observe/units/read-unit-files.ts";
import type { Line, Message, Report } from "../../report/types.ts";
import { commandLine } from "../../system/command-text.ts";
import { MANAGER_FOLDER, SHIM_FILE } from "../../system/paths.ts";
import { worksToRemoveAll } from "../mechanisms/change.ts";
import { MANAGED_MECHANISMS } from "../mechanisms/table.ts";
import { needRoot } from "../need-root.ts";
import type { Command, Context, Options } from "../types.ts";
import { underLock } from "../under-lock.ts";
import { applyRemoval } from "./apply-removal.ts";
import { dropInsToTake } from "./drop-ins.ts";
import { gatherForUninstall } from "./gather.ts";
import { checkOptions } from "./install.ts";
import { isListed, tidyUp } from "./places.ts";
import { listRefusals, unownedRefusals } from "./refusals.ts";
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
  const services = dropInsToTake(options);
  if (services.refusals.length > 0) {
    return { ...refusedReport("uninstall", services.refusals, "nothing was changed"), outcome: "no" };
  }
  const state = gatherForUninstall(root, services.specs);
  const { libraries, rules, manager: parts, units, dropIns } = state;
  const refusals = listRefusals(root, state);
  if (refusals.length > 0) return refusedReport("uninstall", refusals, "nothing was changed");
  // Before the plan: folders that have nothing but leftovers in them go too.
  if (!dryRun) tidyUp(root, state);
  const users = usersOf(root, dropIns);
  const base = users.length === 0 && (everything || !isListed(state));
  const removal = planUninstall(state, { list: everything, base, dropIns });
  const strangers = unownedRefusals(root, [...dropIns, ...(base ? [...libraries, ...rules, ...parts, ...units] : [])]);
  const mechanisms = everything ? worksToRemoveAll(root, MANAGED_MECHANISMS) : [];
  const notes = dryRun ? [] : applyRemoval({ root, state, removal, units: services, mechanisms });
  const changes = [...changesOf(removal), ...mechanisms.flatMap((work) => work.changes)];
  return {
    command: "uninstall",
    outcome: strangers.length > 0 ? "unsafe" : "done",
    diagnostics: [],
    messages: [...strangers.map(kept), ...(everything ? users.map((path) => stillUsed(root, path)) : []), ...notes],
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

/** Unit files that name the shim, without the ones that go: it stays for as long as there is one. */
function usersOf(root: string, going: readonly Artefact[]): readonly string[] {
  const gone = new Set(going.filter(({ ours }) => ours).map(({ path }) => path));
  return unitsThatName(root, SHIM_FILE)
    .map(({ path }) => path)
    .filter((path) => !gone.has(path));
}

function kept(message: Message): Message {
  return { ...message, message: `${message.message}, so it was left there` };
}

function stillUsed(root: string, path: string): Message {
  const unit = /([^/]+)\.d\/[^/]+$/.exec(path)?.[1];
  const ours = dropInsCalled(root, DROP_IN_NAME).some((file) => file.path === path && isOurDropIn(file.text));
  return {
    severity: "note",
    message: `'${path}' uses the shim, so the shim, its table and the manager stay`,
    hint:
      ours && unit !== undefined
        ? `'${commandLine(root, `uninstall --unit ${unit}`)}' removes it`
        : "take the shim out of it by hand, then run uninstall again",
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
}: Removal): Parameters<typeof diffBlock>[0] {
  return [...list, ...dropIns, ...units, ...parts, ...libraries, ...table, ...rules];
}

function summary({ root, dryRun, units }: Options, changes: readonly Change[], used: boolean): readonly Line[] {
  // Folders alone are what an interrupted run has left.
  if (!changes.some(({ kind }) => dryRun || kind !== "remove-folder")) {
    if (units.length > 0) return ["nothing to remove: there is no such drop-in"];
    return [`nothing to remove: ${used ? "the preload list does not name the shim" : "portreserve is not installed"}`];
  }
  if (dryRun) return ["nothing was changed"];
  if (units.length > 0 || root !== "/") return [];
  return ["programs that are running already keep the shim, without a table, until they are restarted"];
}
