// migrate: from the portreserve daemon of old to the table that is in force, without a moment in which neither keeps the ports.
import type { Diagnostic } from "../../core/config/types.ts";
import { oldProcesses } from "../../observe/old-daemon/read-old-daemon.ts";
import { holdFreshnessOf, readHold } from "../../observe/read-hold.ts";
import { freshnessOf, readSources } from "../../observe/read-sources.ts";
import { diagnosticCount } from "../../report/diagnostics.ts";
import type { Line, Message, Outcome, Report } from "../../report/types.ts";
import { readTable } from "../../system/files/table-file.ts";
import { compileOnce } from "../compile.ts";
import { refuseOtherRoot } from "../coverage/look.ts";
import { needRoot } from "../need-root.ts";
import type { Command, Context, Options } from "../types.ts";
import { underLock } from "../under-lock.ts";
import { lookAtMigration, type Migration } from "./look.ts";
import { endsDaemon, isNothing } from "./plan.ts";
import { type StepsTaken, takeSteps } from "./take-steps.ts";
import {
  doneLine,
  foundJson,
  foundLines,
  leftMessages,
  plannedLine,
  rangeMessages,
  stepJson,
  uncoveredMessages,
} from "./words.ts";

export const migrate: Command = async (context): Promise<Report> => {
  const { options } = context;
  refuseOtherRoot("migrate", options);
  needRoot(context, "it looks at programs of root, and ends one of them");
  if (options.dryRun) return reportOf(context, lookAtMigration(context), undefined);
  let migration: Migration | undefined;
  let first: StepsTaken | undefined;
  const report = await underLock(context, async () => {
    migration = lookAtMigration(context);
    if (migration.steps.length === 0 || migration.refusal !== undefined) return reportOf(context, migration, undefined);
    const refused = upToDate(options);
    if (refused !== undefined)
      return { ...refused, command: "migrate", data: dataOf(options, migration, "refused", []) };
    first = await takeSteps(migration.steps.filter(({ kind }) => kind !== "run"));
    return reportOf(context, migration, first);
  });
  if (migration === undefined || first === undefined || first.failure !== undefined) return report;
  // Our unit compiles, and waits for the lock.
  const last = await takeSteps(migration.steps.filter(({ kind }) => kind === "run"));
  const left = last.failure ?? stillRuns();
  return reportOf(context, migration, { done: [...first.done, ...last.done], failure: left });
};

/** While systemd takes the daemon for our unit, nobody compiles what changes: a report where it cannot be done now either. */
function upToDate(options: Options): Report | undefined {
  const { content, held } = readSources(options, "may miss");
  const isFresh =
    freshnessOf(readTable("/"), content) === "fresh" &&
    ["none", "fresh"].includes(holdFreshnessOf(readHold("/"), held));
  const report = isFresh ? undefined : compileOnce(options);
  return report === undefined || report.outcome === "done" || report.outcome === "no" ? undefined : report;
}

/** Somebody else may have started it again. */
function stillRuns(): Message | undefined {
  const [process] = oldProcesses();
  if (process === undefined) return undefined;
  const message = `the old daemon runs again, as process ${process.pid}`;
  return { severity: "error", message, hint: `see who has started it with 'systemctl status ${process.pid}'` };
}

type Result = "nothing" | "planned" | "migrated" | "failed" | "refused";

function reportOf(context: Context, migration: Migration, done: StepsTaken | undefined): Report {
  const { options } = context;
  const { daemon, steps, host, refusal } = migration;
  const report = { command: "migrate", diagnostics: [] } as const;
  if (steps.length === 0) {
    const data = dataOf(options, migration, "nothing", []);
    return {
      ...report,
      outcome: "done",
      messages: leftMessages(daemon),
      body: [{ kind: "lines", lines: [nothing(migration)] }],
      data,
    };
  }
  if (refusal !== undefined) {
    const data = dataOf(options, migration, "refused", []);
    return {
      ...report,
      outcome: "unsafe",
      messages: [refusal],
      body: [{ kind: "lines", lines: foundLines(daemon) }],
      data,
    };
  }
  const diagnostics = (host?.diagnostics ?? []).filter(isOfOwner);
  const result = done === undefined ? "planned" : done.failure === undefined ? "migrated" : "failed";
  const messages = [
    ...(done?.failure === undefined ? [] : [done.failure]),
    ...(host === undefined || !endsDaemon(steps) ? [] : uncoveredMessages(host)),
    ...rangeMessages(host?.facts.reservations ?? []),
    ...leftMessages(daemon),
  ];
  const lines = done === undefined ? plannedLines(migration) : [...done.done.map(doneLine), ...endLines(result)];
  return {
    ...report,
    outcome: outcomeOf(result, diagnostics),
    diagnostics,
    messages,
    body: [{ kind: "lines", lines }],
    data: dataOf(options, migration, result, done?.done ?? []),
  };
}

/** Of the files that the daemon read too. */
function isOfOwner({ code }: Diagnostic): boolean {
  return !code.startsWith("blacklist");
}

function outcomeOf(result: Result, diagnostics: readonly Diagnostic[]): Outcome {
  return result === "failed" || diagnosticCount(diagnostics, "error") > 0 ? "no" : "done";
}

function nothing({ daemon }: Migration): Line {
  if (isNothing(daemon)) return "nothing to do: the old portreserve daemon is not on this host";
  return "nothing to do: the old daemon does not run, and nothing starts it";
}

function plannedLines({ daemon, steps }: Migration): readonly Line[] {
  return [...foundLines(daemon), ...steps.map(plannedLine), "nothing was changed"];
}

function endLines(result: Result): readonly Line[] {
  if (result !== "migrated") return [];
  return [
    {
      text: "migrated: the table keeps the ports, and the old daemon does not come back at the next boot",
      tone: "good",
    },
    "its files, and those in /etc/portreserve, are as they were",
  ];
}

function dataOf(
  { dryRun }: Options,
  { daemon, steps }: Migration,
  result: Result,
  done: StepsTaken["done"],
): Report["data"] {
  return { dryRun, result, found: foundJson(daemon), steps: steps.map((step) => stepJson(step, done.includes(step))) };
}
