// install: the shim into every program of the host, or into single services; every step is tried before and proved after.

import { type Plan, planInstall } from "../../core/install/plan.ts";
import { counted, enumerate, octal } from "../../core/text.ts";
import { diagnosticCount, rejectedCount } from "../../report/diagnostics.ts";
import type { Line, Message, Report } from "../../report/types.ts";
import { AppError } from "../../system/app-error.ts";
import { commandLine } from "../../system/command-text.ts";
import { MANAGER_FOLDER } from "../../system/paths.ts";
import { type Kept, keepMechanisms, keptJson, keptMessages } from "../mechanisms/keep.ts";
import { besideOldDaemon } from "../migrate/notice.ts";
import { needRoot } from "../need-root.ts";
import type { TablePlan } from "../table-plan.ts";
import type { Command, Context, Options } from "../types.ts";
import { underLock } from "../under-lock.ts";
import { applyInstall, type Done } from "./apply-install.ts";
import { dropInsToPut, type UnitWork } from "./drop-ins.ts";
import { gatherForInstall, type InstallContext } from "./gather.ts";
import { tidyUp } from "./places.ts";
import { refusal, refusalsToInstall } from "./refusals.ts";
import { changesJson, diffBlock, doneBlock, refusedReport } from "./report.ts";
import { type Restarts, restartLines, restartsAfterInstall, restartsJson } from "./restarts.ts";
import { sanitizerNotes } from "./sanitizer.ts";

export const install: Command = async (context): Promise<Report> => {
  const { options } = context;
  checkOptions(options);
  if (options.dryRun) return await installOnce(context);
  needRoot(context);
  const refused = (): Report | undefined => {
    const prepared = prepare(options);
    return "outcome" in prepared ? prepared : undefined;
  };
  return await underLock(context, () => installOnce(context), refused);
};

/** Throws AppError for options that only make sense with others. */
export function checkOptions(options: Options): void {
  if (options.highPorts && options.units.length === 0) {
    const hint =
      "name the services that need no privileged port, as in 'portreservectl install --unit ypbind --high-ports'";
    throw new AppError("usage", "'--high-ports' needs '--unit'", hint);
  }
  if (options.now && options.units.length === 0) {
    throw new AppError("usage", "'--now' needs '--unit'", "'--now' restarts the services that '--unit' names");
  }
  if (options.restart && options.units.length > 0) {
    throw new AppError("usage", "'--restart' and '--unit' exclude each other", "'--now' restarts what '--unit' names");
  }
  if (options.restart && options.root !== "/") {
    throw new AppError("usage", "'--restart' is for the running host", "nothing of an image runs");
  }
}

const UNTOUCHED = "nothing was changed";

interface Prepared {
  readonly units: UnitWork;
  readonly site: InstallContext;
  readonly plan: Plan;
}

/** What is to be done, or why nothing is. Changes nothing. */
function prepare(options: Options): Prepared | Report {
  const { root } = options;
  const list = options.units.length === 0;
  const units = dropInsToPut(options);
  if (units.refusals.length > 0) return { ...refusedReport("install", units.refusals, UNTOUCHED), outcome: "no" };
  const site = gatherForInstall(options, units.specs);
  const refusals = refusalsToInstall(root, site.state, site.abis, list);
  if (refusals.length > 0) return refusedReport("install", refusals, UNTOUCHED);
  if (site.tablePlan.kind === "refuse") return refusedTable(site.tablePlan);
  const plan = planInstall(site.state, list);
  if ("refusal" in plan) return refusedReport("install", [noPlace(site)], UNTOUCHED);
  return { units, site, plan };
}

async function installOnce(context: Context): Promise<Report> {
  const { options } = context;
  const { root } = options;
  const prepared = prepare(options);
  if ("outcome" in prepared) return prepared;
  const { units, site, plan } = prepared;
  const { state, abis, sources } = site;
  const { reservations } = sources.configuration;
  if (options.dryRun) return reportOf(options, site, plan, units, { kept: keepMechanisms(options, reservations) });
  tidyUp(root, state);
  const done = await applyInstall({ root, abis, state, plan, content: sources.content, held: sources.held, units });
  // As compile does, whose work on the table this has done too.
  const kept = keepMechanisms(options, reservations);
  const restarts = root === "/" && options.units.length === 0 ? restartsAfterInstall(context) : undefined;
  return reportOf(options, site, plan, units, { done, kept, restarts });
}

function refusedTable({ outcome, message }: TablePlan & { kind: "refuse" }): Report {
  if (outcome === "incomplete") return { ...refusedReport("install", [message], UNTOUCHED), outcome };
  return refusedReport("install", [tooFew(message)], UNTOUCHED);
}

/** compile's hint speaks of its own option. */
function tooFew({ message, ...rest }: Message): Message {
  return { ...rest, message, hint: "reserve fewer ports, or run 'portreservectl compile --force' before" };
}

function noPlace({ state }: InstallContext): Message {
  return refusal(
    `the preload list '${state.list.path}' holds NUL bytes where no line can be added without changing what else is loaded`,
    "write the list again, one library a line",
  );
}

function changesOf(plan: Plan): Parameters<typeof diffBlock>[0] {
  const { folders, libraries, table, rules, list, manager: parts, units, holder, dropIns } = plan;
  return [...folders, ...libraries, ...table, ...rules, ...list, ...parts, ...units, ...holder, ...dropIns];
}

function reportOf(
  options: Options,
  site: InstallContext,
  plan: Plan,
  units: UnitWork,
  after: { readonly done?: Done; readonly kept: readonly Kept[]; readonly restarts?: Restarts | undefined },
): Report {
  const { done, kept, restarts } = after;
  const changes = [...changesOf(plan), ...kept.flatMap((one) => one.changes)];
  const { diagnostics } = site.sources.configuration;
  const errors = diagnosticCount(diagnostics, "error");
  const result = options.dryRun ? "planned" : changes.length === 0 ? "unchanged" : "installed";
  const messages = [
    ...rejected(errors),
    ...widened(plan, options.dryRun),
    ...site.notes,
    ...(plan.list.length > 0 ? sanitizerNotes(options.root, site.abis) : []),
    ...besideOldDaemon(options.root, plan.units.length > 0),
    ...units.notes,
    ...(options.highPorts && plan.dropIns.length > 0 ? [refusedByPeers(options, units)] : []),
    ...(done?.notes ?? []),
    ...(done?.holder.messages ?? []),
    ...keptMessages(kept),
    ...(restarts?.messages ?? []),
  ];
  const failed = kept.some((one) => one.result === "failed") || (restarts?.messages.length ?? 0) > 0;
  const summary = options.dryRun
    ? dryLines(changes.length)
    : summaryLines(options, site, changes.length, done, restarts);
  return {
    command: "install",
    outcome: failed ? "incomplete" : errors > 0 ? "no" : "done",
    diagnostics,
    quiet: ["note"],
    messages,
    body: [
      options.dryRun ? diffBlock(changes) : doneBlock(changes, { of: MANAGER_FOLDER, changes: plan.manager }),
      { kind: "lines", lines: summary, hang: 2 },
    ],
    data: {
      dryRun: options.dryRun,
      result,
      changes: changesJson(changes, options.dryRun),
      abis: site.abis.map(({ name, lib }) => ({ name, lib: lib ?? null })),
      units: units.names,
      proved: done?.proved ?? [],
      mechanisms: keptJson(kept),
      restarts: restartsJson(restarts),
    },
  };
}

/** A mode that somebody may have chosen is not changed without a word. */
function widened({ list }: Plan, planned: boolean): readonly Message[] {
  return list.flatMap((change): Message[] => {
    if (change.kind !== "write-file" || change.oldMode === undefined) return [];
    const [from, to] = [change.oldMode, change.mode].map(octal);
    const becomes = planned ? "would be changed" : "was changed";
    return [
      {
        severity: "note",
        message: `the mode of '${change.path}' ${becomes} from ${from} to ${to}, since programs of every user have to read it`,
        hint: "'portreservectl uninstall' gives the old mode back",
      },
    ];
  });
}

/** Nothing on this host can tell whom a service will ask. */
function refusedByPeers({ root }: Options, { names }: UnitWork): Message {
  const [take, them] = names.length === 1 ? ["takes", "it"] : ["take", "them"];
  return {
    severity: "warning",
    message: `${enumerate(names.map((name) => `'${name}'`))} ${take} ports from 1024 up: a server that insists on privileged ports refuses ${them}, such as ypserv for maps that it keeps secure, and NFS with 'secure'`,
    hint: `'${commandLine(root, `install --unit ${names.join(" ")}`)}' gives ${them} the shim instead`,
  };
}

function rejected(errors: number): readonly Message[] {
  if (errors === 0) return [];
  const what = rejectedCount(errors);
  return [{ severity: "warning", message: `left out: ${what}; everything else is in the table` }];
}

function dryLines(changes: number): readonly Line[] {
  if (changes === 0) return ["nothing to change"];
  return [`${counted(changes, "change")} planned; nothing was changed`];
}

function summaryLines(
  options: Options,
  site: InstallContext,
  changes: number,
  done: Done | undefined,
  restarts: Restarts | undefined,
): readonly Line[] {
  const { abis, sources } = site;
  return [
    ...(changes === 0 ? ["unchanged: everything is in its place"] : []),
    ...(done?.rehearsal === undefined ? [] : [triedLine(done.rehearsal)]),
    ...(done?.holder.lines ?? []),
    ...(options.units.length > 0 ? [] : endLines(options, abis.length, done, restarts)),
    ...(sources.configuration.reservations.length > 0
      ? []
      : ["nothing is reserved yet: 'portreservectl help check' says how"]),
  ];
}

function triedLine(rehearsal: NonNullable<Done["rehearsal"]>): Line {
  return "programs" in rehearsal
    ? `tried: ${counted(rehearsal.programs, "program")} in a sandbox, with the shim as without it`
    : `tried: without a sandbox, since none can be made here (${rehearsal.impossible})`;
}

function endLines(
  options: Options,
  abis: number,
  done: Done | undefined,
  restarts: Restarts | undefined,
): readonly Line[] {
  if (options.root !== "/") {
    return [
      `prepared: programs of this system are covered once it runs (${counted(abis, "ABI")}; nothing of it was run)`,
    ];
  }
  const proved = (done?.proved ?? []).join(" and ");
  return [
    { text: `covered: every ${proved} program that starts from now on`, tone: "good" },
    ...restartLines(restarts),
  ];
}
