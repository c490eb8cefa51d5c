// compile: the configuration into the table and the file of held ports, under the lock; unchanged input writes nothing.

import { setTimeout as delay } from "node:timers/promises";
import { readHold } from "../observe/read-hold.ts";
import { readSources, type Sources } from "../observe/read-sources.ts";
import { diagnosticCount, rejectedCount } from "../report/diagnostics.ts";
import type { Block, Json, Message, Outcome, Report } from "../report/types.ts";
import { AppError } from "../system/app-error.ts";
import { flushHold, removeHold, writeHold } from "../system/files/hold-file.ts";
import { inputStamp } from "../system/files/input-stamp.ts";
import { flushTable, readTable, removeCompiledLeftovers, writeTable } from "../system/files/table-file.ts";
import { tellSystemd } from "../system/host/status-text.ts";
import { TABLE_FILE } from "../system/paths.ts";
import { compileStatus, failedStatus } from "./compile-status.ts";
import { type Telling, tellHolder, tellingLines, tellingMessages } from "./hold-file/holder.ts";
import { type HoldPlan, planHold } from "./hold-file/plan.ts";
import { heldJson, holdLines } from "./hold-file/words.ts";
import { type Kept, keepMechanisms, keptBlock, keptJson, keptMessages } from "./mechanisms/keep.ts";
import { notInForceLines } from "./source-messages.ts";
import { changeJson, changeLines, STRANDED } from "./table-change.ts";
import { planTable, type TablePlan } from "./table-plan.ts";
import type { Command, Options } from "./types.ts";
import { underLock } from "./under-lock.ts";

export const compile: Command = async ({ options, progress }): Promise<Report> => {
  // A dry run needs no lock: each file it reads is whole, since writers replace by rename.
  if (options.dryRun) return withNext(options, compileOnce(options));
  const locked = (): Promise<Report> =>
    underLock(
      { options, progress },
      () => {
        removeCompiledLeftovers(options.root);
        return withNext(options, compileOnce(options));
      },
      () => refused(options),
    );
  return options.settle ? settled(options.root, locked) : locked();
};

/** Until the configuration has not changed meanwhile. Where a unit of systemd's runs it, `systemctl status` says what it came to. */
async function settled(root: string, once: () => Promise<Report>): Promise<Report> {
  try {
    for (;;) {
      const before = inputStamp(root);
      const report = await once();
      await delay(STILL);
      if (inputStamp(root) !== before) continue;
      tellSystemd(compileStatus(report));
      return report;
    }
  } catch (error) {
    if (error instanceof AppError) tellSystemd(failedStatus(error.message));
    throw error;
  }
}

/** A table alone keeps nothing from being handed out. */
function withNext({ root }: Options, report: Report): Report {
  if (report.data.result === "refused") return report;
  return { ...report, body: [...report.body, { kind: "lines", lines: notInForceLines(root), hang: 2 }] };
}

/** Milliseconds without a change after which the configuration counts as settled. */
const STILL = 250;

/** What a table that would be refused is refused for. Changes nothing. */
function refused(options: Options): Report | undefined {
  const { data, ...report } = compileOnce({ ...options, dryRun: true });
  return data.result === "refused" ? { ...report, data: { ...data, dryRun: false } } : undefined;
}

/** Only under the lock, unless it is a dry run. `starts`: who asks starts portreserve-hold where it does not run. */
export function compileOnce(options: Options, starts = false): Report {
  // Nobody is there to be told that the folder is gone: what was in it is no longer reserved.
  const sources = readSources(options, options.settle ? "may miss" : "needed");
  const state = readTable(options.root);
  const hold = readHold(options.root);
  const plan = planTable(options, sources, state, hold);
  if (plan.kind === "refuse") return reportOf(options, sources, plan, undefined);
  const holdPlan = planHold(sources.held, hold);
  const { reservations } = sources.configuration;
  if (options.dryRun)
    return reportOf(options, sources, plan, { plan: holdPlan }, { kept: keepMechanisms(options, reservations) });
  const written = plan.kind === "write" ? writeTable(options.root, plan.bytes, state) : undefined;
  if (plan.kind === "unchanged") flushTable(options.root);
  // A port that is no longer held must not be let go before the table is in force that may reserve it instead.
  changeHold(options.root, holdPlan);
  const telling = tellHolder(options.root, holdPlan, sources.held);
  const told = starts && telling.kind === "not running" ? ({ kind: "not needed" } as const) : telling;
  const kept = keepMechanisms(options, reservations);
  const done = { kept, stranded: written?.stranded ?? false };
  return reportOf(options, sources, plan, { plan: holdPlan, telling: told }, done);
}

function changeHold(root: string, plan: HoldPlan): void {
  if (plan.kind === "write") writeHold(root, plan.text);
  else if (plan.kind === "remove") removeHold(root);
  else flushHold(root);
}

/** Undefined where the table was refused: then nothing is done with the file of held ports either. */
type HoldDone = { readonly plan: HoldPlan; readonly telling?: Telling } | undefined;

function reportOf(
  options: Options,
  { configuration, content, held }: Sources,
  plan: TablePlan,
  hold: HoldDone,
  { kept = [], stranded = false }: { readonly kept?: readonly Kept[]; readonly stranded?: boolean } = {},
): Report {
  const { diagnostics } = configuration;
  const errors = diagnosticCount(diagnostics, "error");
  const failed = kept.some(({ result }) => result === "failed");
  const outcome: Outcome = plan.kind === "refuse" ? plan.outcome : failed ? "incomplete" : errors > 0 ? "no" : "done";
  return {
    command: "compile",
    outcome,
    diagnostics,
    quiet: ["note"],
    messages:
      plan.kind === "refuse"
        ? [plan.message]
        : [
            ...rejectedMessages(errors, options),
            ...(stranded ? [STRANDED] : []),
            ...holdMessages(hold),
            ...keptMessages(kept),
          ],
    body: [
      bodyOf(options, plan, `${content.tcp.length} tcp and ${content.udp.length} udp ports`),
      ...(hold === undefined ? [] : [holdBody(options, hold, held)]),
      keptBlock(kept),
    ],
    data: {
      dryRun: options.dryRun,
      result: plan.kind === "write" ? "written" : plan.kind === "refuse" ? "refused" : "unchanged",
      generation: plan.kind === "refuse" ? null : String(plan.generation),
      tcp: content.tcp,
      udp: content.udp,
      ...(plan.kind === "write" ? changeJson(plan.change) : { added: [], removed: [] }),
      hold: holdJson(hold, held),
      mechanisms: keptJson(kept),
    },
  };
}

function holdMessages(hold: HoldDone): readonly Message[] {
  if (hold === undefined) return [];
  const { plan, telling } = hold;
  return [...(plan.kind === "left" ? [plan.message] : []), ...(telling === undefined ? [] : tellingMessages(telling))];
}

function holdBody({ dryRun }: Options, { plan, telling }: NonNullable<HoldDone>, held: Sources["held"]): Block {
  const told = telling === undefined ? [] : tellingLines(telling);
  return { kind: "lines", lines: [...holdLines(plan, held, dryRun), ...told] };
}

const HOLD_RESULTS = {
  none: "none",
  left: "none",
  unchanged: "unchanged",
  write: "written",
  remove: "removed",
} as const;

function holdJson(hold: HoldDone, held: Sources["held"]): Json {
  const change = hold?.plan.kind === "write" || hold?.plan.kind === "remove" ? hold.plan.change : undefined;
  return {
    result: hold === undefined ? "refused" : HOLD_RESULTS[hold.plan.kind],
    ports: heldJson(held),
    added: heldJson(change?.added ?? []),
    removed: heldJson(change?.removed ?? []),
    holder: hold?.telling?.kind ?? null,
  };
}

function rejectedMessages(errors: number, options: Options): readonly Message[] {
  if (errors === 0) return [];
  const rest = options.dryRun ? "everything else would be in the table" : "everything else is in the table";
  return [
    {
      severity: "warning",
      message: `left out: ${rejectedCount(errors)}; ${rest}`,
    },
  ];
}

function bodyOf(options: Options, plan: TablePlan, ports: string): Block {
  switch (plan.kind) {
    case "refuse":
      return { kind: "lines", lines: [] };
    case "unchanged":
      return { kind: "lines", lines: [`unchanged: '${TABLE_FILE}', generation ${plan.generation}, ${ports}`] };
    case "write": {
      const verb = options.dryRun ? "would write" : "written";
      const head = `${verb}: '${TABLE_FILE}', generation ${plan.generation}, ${ports} (${plan.why})`;
      return { kind: "lines", lines: [...changeLines(plan.change), head] };
    }
    default:
      return plan satisfies never;
  }
}
