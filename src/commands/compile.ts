// compile: the configuration into the table, under the lock; unchanged input writes nothing.
import { native } from "../core/native.ts";
import { sameContent } from "../core/table/content.ts";
import { tooFewFreePorts } from "../core/table/free-ports.ts";
import { counted, remarkCount } from "../report/diagnostics.ts";
import type { Block, Message, Outcome, Report } from "../report/types.ts";
import { withLock } from "../system/lock.ts";
import { TABLE_FILE } from "../system/paths.ts";
import { readTable, removeTableLeftovers, type TableState, writeTable } from "../system/table-file.ts";
import { isRejected, readSources, type Sources } from "./sources.ts";
import { changeJson, changeLines, type TableChange, tableChange } from "./table-change.ts";
import type { Command, Options } from "./types.ts";

export const compile: Command = ({ options, progress }): Report => {
  // A dry run needs no lock: each file it reads is whole, since writers replace by rename.
  if (options.dryRun) return compileOnce(options);
  const onWait = (): void =>
    progress({ severity: "note", message: "another portreservectl is at work, waiting for it to finish" });
  return withLock({ root: options.root, wait: options.wait, onWait }, () => {
    removeTableLeftovers(options.root);
    return compileOnce(options);
  });
};

function compileOnce(options: Options): Report {
  const sources = readSources(options);
  const state = readTable(options.root);
  const plan = decide(options, sources, state);
  const written = plan.kind === "write" && !options.dryRun ? writeTable(options.root, plan.bytes, state) : undefined;
  return reportOf(options, sources, plan, written?.stranded ?? false);
}

type Plan =
  | {
      readonly kind: "write";
      readonly bytes: Uint8Array;
      readonly generation: bigint;
      readonly change: TableChange;
      readonly why: string;
    }
  | { readonly kind: "unchanged"; readonly generation: bigint }
  | { readonly kind: "refuse"; readonly outcome: "no" | "unsafe"; readonly message: Message };

/** Pure but for the table codec. */
function decide(options: Options, { configuration, content }: Sources, state: TableState): Plan {
  const still = state.kind === "valid" ? "the old table is still in use" : "there is still no good table in force";
  const tooFew = options.force ? undefined : tooFewFreePorts(configuration);
  if (tooFew !== undefined) {
    return { kind: "refuse", outcome: "unsafe", message: refusal(`${tooFew.message}; ${still}`, tooFew.hint) };
  }
  if (options.strict && configuration.diagnostics.some(isRejected)) {
    const hint = "correct the lines above, or leave --strict out to compile everything else";
    return {
      kind: "refuse",
      outcome: "no",
      message: refusal(`nothing was compiled, because of --strict; ${still}`, hint),
    };
  }
  const old = state.kind === "valid" ? state.table : undefined;
  const why = reasonToWrite(state, old !== undefined && sameContent(content, { ...old, retired: false }));
  if (old !== undefined && why === undefined) return { kind: "unchanged", generation: old.generation };
  const generation = nextGeneration(old?.generation);
  const bytes = native().encodeTable({ ...content, generation });
  return { kind: "write", bytes, generation, change: tableChange(old, content), why: why ?? "" };
}

function reasonToWrite(state: TableState, same: boolean): string | undefined {
  if (state.kind !== "valid")
    return state.kind === "missing" ? "there was no table" : `the old table was ${state.kind}`;
  if (!same) return "the configuration has changed";
  if (state.table.retired) return "an earlier compile was cut short";
  return state.modeIsRight ? undefined : "the mode of the old table was not 0644";
}

/** Counts from 1, and starts again after the last number of 64 bits. */
function nextGeneration(old: bigint | undefined): bigint {
  return BigInt.asUintN(64, (old ?? 0n) + 1n) || 1n;
}

function refusal(message: string, hint: string | undefined): Message {
  return hint === undefined ? { severity: "error", message } : { severity: "error", message, hint };
}

function reportOf(options: Options, { configuration, content }: Sources, plan: Plan, stranded: boolean): Report {
  const { diagnostics } = configuration;
  const errors = remarkCount(diagnostics, "error");
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

const STRANDED: Message = {
  severity: "note",
  message:
    `the old '${TABLE_FILE}' was in a lower layer of an overlay file system: ` +
    "programs that have used it already stay with it until they are restarted",
  hint: "restart them this once: they notice later tables by themselves",
};

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

function bodyOf(options: Options, plan: Plan, ports: string): Block {
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
