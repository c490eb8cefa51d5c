// mechanisms: what keeps reserved ports from others than programs of libc, shown, applied and removed by name.

import { unownedAmong } from "../../core/install/artefacts.ts";
import { uniqueFolders } from "../../core/install/plan.ts";
import { readSources } from "../../observe/read-sources.ts";
import type { Line, Message, Report } from "../../report/types.ts";
import { AppError } from "../../system/app-error.ts";
import { commandLine, hostPath } from "../../system/command-text.ts";
import { OWNERS_FOLDER } from "../../system/paths.ts";
import { changesJson, diffBlock, doneBlock } from "../install/report.ts";
import { needRoot } from "../need-root.ts";
import type { Command, Options } from "../types.ts";
import { underLock } from "../under-lock.ts";
import { carryOut, changesToApply, type Work, worksToRemove } from "./change.ts";
import { type ManagedMechanism, ownPlaces } from "./mechanism.ts";
import { serviceMessages } from "./restart.ts";
import { type ShownMechanism, shownBlock, shownJson } from "./show.ts";
import { MANAGED_MECHANISMS, mechanismsNamed } from "./table.ts";

type Action = "apply" | "remove";

export const mechanisms: Command = async (context): Promise<Report> => {
  const { options, args } = context;
  const [word, ...names] = args;
  if (word !== "apply" && word !== "remove") return show(options, mechanismsNamed(args));
  if (names.length === 0) {
    const hint = `there are ${MANAGED_MECHANISMS.map(({ name }) => name).join(", ")}`;
    throw new AppError("usage", `'mechanisms ${word}' needs a name`, hint);
  }
  const chosen = mechanismsNamed(names);
  if (options.now && options.root !== "/") {
    throw new AppError("usage", "'--now' does not go with '--root'", "the services of an image do not run");
  }
  expectOfHost(options, word, chosen);
  if (options.dryRun) return await changeOnce(options, word, chosen);
  needRoot(context);
  return await underLock(context, () => changeOnce(options, word, chosen), refusedFor(options, word, chosen));
};

/** Throws AppError for one that is given to single services. */
function expectOfHost({ root }: Options, action: Action, chosen: readonly ManagedMechanism[]): void {
  for (const { name, byUnit } of chosen) {
    if (byUnit === undefined) continue;
    const what = action === "apply" ? "is given to single services" : "is taken from single services";
    throw new AppError("usage", `'${name}' ${what}`, byUnit(root, action));
  }
}

function show(options: Options, chosen: readonly ManagedMechanism[]): Report {
  const name = options.dryRun ? "--dry-run" : options.force ? "--force" : options.now ? "--now" : undefined;
  if (name !== undefined) {
    throw new AppError("usage", `'${name}' needs 'apply' or 'remove'`, "'portreservectl help mechanisms' explains it");
  }
  const shown = lookAt(options, chosen);
  return {
    command: "mechanisms",
    outcome: "done",
    diagnostics: [],
    body: [shownBlock(shown, options.root)],
    data: { action: "show", dryRun: false, result: "shown", changes: [], mechanisms: shownJson(shown) },
  };
}

/** Whatever is rejected of the configuration is for `check` to say; no folder reserves nothing. */
function lookAt({ root, blacklist }: Options, chosen: readonly ManagedMechanism[]): readonly ShownMechanism[] {
  const { reservations } = readSources({ root, blacklist }, "may miss").configuration;
  return chosen.map((mechanism) => ({ mechanism, standing: mechanism.look({ root, reservations }) }));
}

function refusedFor(options: Options, action: Action, chosen: readonly ManagedMechanism[]) {
  return async (): Promise<Report | undefined> => {
    const report = await changeOnce({ ...options, dryRun: true }, action, chosen);
    return report.outcome === "done" ? undefined : report;
  };
}

async function changeOnce(options: Options, action: Action, chosen: readonly ManagedMechanism[]): Promise<Report> {
  const { root, dryRun } = options;
  const shown = lookAt(options, chosen);
  const refusals = action === "apply" ? shown.flatMap((one) => refusalsOf(one, options)) : [];
  if (refusals.length > 0) return refusedReport(refusals, options);
  const works =
    action === "remove"
      ? worksToRemove(root, shown)
      : shown.map((one): Work => ({ ...one, changes: changesToApply(root, one.standing) }));
  const changes = uniqueFolders(works.flatMap((work) => work.changes));
  const strangers = action === "remove" ? shown.flatMap(({ standing }) => unownedAmong(ownPlaces(standing))) : [];
  if (!dryRun) carryOut(root, works, commandLine(root, `mechanisms ${action} ${names(chosen)}`));
  const after = dryRun ? shown : lookAt(options, chosen);
  const said = action === "apply" && changes.length > 0;
  const standings = (action === "apply" ? after : shown).map(({ standing }) => standing);
  const services = dryRun ? [] : await serviceMessages({ root, action, now: options.now, standings });
  const failed = services.some(({ severity }) => severity === "error");
  return {
    command: "mechanisms",
    outcome: strangers.length > 0 ? "unsafe" : failed ? "incomplete" : "done",
    diagnostics: [],
    messages: [
      ...strangers.map(({ path, what }) => unowned(root, path, `${what}, so it was left there`)),
      ...(said ? shown.flatMap(({ standing }) => [...standing.warnings, ...standing.notes]) : []),
      ...services,
      ...(!dryRun && changes.some(({ path }) => path.startsWith(`${OWNERS_FOLDER}/`)) ? [follows(root)] : []),
    ],
    body: [
      dryRun ? diffBlock(changes) : doneBlock(changes, { of: "", changes: [] }),
      { kind: "lines", lines: summary(options, action, works) },
    ],
    data: {
      action,
      dryRun,
      result: changes.length === 0 ? "unchanged" : dryRun ? "planned" : action === "apply" ? "applied" : "removed",
      changes: changesJson(changes, dryRun),
      mechanisms: shownJson(after),
    },
  };
}

/** It changes what is reserved, as an administrator would by hand. */
function follows(root: string): Message {
  return {
    severity: "note",
    message: "the table follows by itself where portreserve is installed, by its path units",
    hint: `elsewhere run '${commandLine(root, "compile")}' to make it take effect`,
  };
}

function names(chosen: readonly ManagedMechanism[]): string {
  return chosen.map(({ name }) => name).join(" ");
}

function refusalsOf({ standing }: ShownMechanism, { root, force }: Options): readonly Message[] {
  const { refusals, costs } = standing;
  return [
    ...unownedAmong(ownPlaces(standing)).map(({ path, what }) => unowned(root, path, what)),
    ...refusals,
    ...(force ? [] : costs),
  ];
}

function unowned(root: string, path: string, what: string): Message {
  const hint = `find out who made it with 'ls -l ${hostPath(root, path)}', and move it away`;
  return { severity: "error", message: `'${path}' is ${what}`, hint };
}

function refusedReport(refusals: readonly Message[], { dryRun }: Options): Report {
  const [first, ...others] = refusals;
  const said = first === undefined ? [] : [{ ...first, message: `${first.message}; nothing was changed` }];
  return {
    command: "mechanisms",
    outcome: "unsafe",
    diagnostics: [],
    messages: [...said, ...others],
    body: [],
    data: { action: "apply", dryRun, result: "refused", changes: [], mechanisms: [] },
  };
}

function summary({ dryRun }: Options, action: Action, works: readonly Work[]): readonly Line[] {
  const lines = works.flatMap(({ mechanism: { name }, standing, changes }): Line[] => {
    if (changes.length === 0)
      return [`${name}: ${action === "apply" ? "nothing to change, it is in force" : "nothing to remove"}`];
    if (dryRun) return [];
    return action === "apply" ? standing.does.slice(0, 1).map((text) => `${name}: ${text}`) : [`${name}: removed`];
  });
  const planned = dryRun && works.some(({ changes }) => changes.length > 0);
  return planned ? [...lines, "nothing was changed"] : lines;
}
