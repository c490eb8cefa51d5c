// compile: the configuration into the table, under the lock; unchanged input writes nothing.

import { setTimeout as delay } from "node:timers/promises";
import { counted } from "../core/text.ts";
import { readSources, type Sources } from "../observe/read-sources.ts";
import { diagnosticCount } from "../report/diagnostics.ts";
import type { Block, Message, Outcome, Report } from "../report/types.ts";
import { inputStamp } from "../system/files/input-stamp.ts";
import { flushTable, readTable, removeTableLeftovers, writeTable } from "../system/files/table-file.ts";
import { TABLE_FILE } from "../system/paths.ts";
import { changeJson, changeLines, STRANDED } from "./table-change.ts";
import { planTable, type TablePlan } from "./table-plan.ts";
import type { Command, Options } from "./types.ts";
import { underLock } from "./under-lock.ts";

export const compile: Command = async ({ options, progress }): Promise<Report> => {
  // A dry run needs no lock: each file it reads is whole, since writers replace by rename.
  if (options.dryRun) return compileOnce(options);
  const locked = (): Promise<Report> =>
    underLock({ options, progress }, () => {
      removeTableLeftovers(options.root);
      return compileOnce(options);
    });
  if (!options.settle) return locked();
  for (;;) {
    const before = inputStamp(options.root);
    const report = await locked();
    await delay(STILL);
    if (inputStamp(options.root) === before) return report;
  }
};

/** Milliseconds without a change after which the configuration counts as settled. */
const STILL = 250;

function compileOnce(options: Options): Report {
  // Nobody is there to be told that the folder is gone: what was in it is no longer reserved.
  const sources = readSources(options, options.settle ? "may miss" : "needed");
  const state = readTable(options.root);
  const plan = planTable(options, sources, state);
  const written = plan.kind === "write" && !options.dryRun ? writeTable(options.root, plan.bytes, state) : undefined;
  if (plan.kind === "unchanged" && !options.dryRun) flushTable(options.root);
  return reportOf(options, sources, plan, written?.stranded ?? false);
}

function reportOf(options: Options, { configuration, content }: Sources, plan: TablePlan, stranded: boolean): Report {
  const { diagnostics } = configuration;
  const errors = diagnosticCount(diagnostics, "error");
  const outcome: Outcome = plan.kind === "refuse" ? plan.outcome : errors > 0 ? "no" : "done";
  return {
    command: "compile",
    outcome,
    diagnostics,
    quiet: ["note"],
    messages:
      plan.kind === "refuse" ? [plan.message] : [...rejectedMessages(errors, options), ...(stranded ? [STRANDED] : [])],
    body: [bodyOf(options, plan, `${content.tcp.length} tcp and ${content.udp.length} udp ports`)],
    data: {
      dryRun: options.dryRun,
      result: plan.kind === "write" ? "written" : plan.kind === "refuse" ? "refused" : "unchanged",
      generation: plan.kind === "refuse" ? null : Number(plan.generation),
      tcp: content.tcp,
      udp: content.udp,
      ...(plan.kind === "write" ? changeJson(plan.change) : { added: [], removed: [] }),
    },
  };
}

function rejectedMessages(errors: number, options: Options): readonly Message[] {
  if (errors === 0) return [];
  const rest = options.dryRun ? "everything else would be in the table" : "everything else is in the table";
  return [
    {
      severity: "warning",
      message: `left out: ${counted(errors, "rejected line or file", "rejected lines or files")}; ${rest}`,
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
