// unhold: ports that are held or blocked no longer are; what reserves them stays.
import type { HeldPort } from "../../core/hold/held-ports.ts";
import { kindsIn } from "../../core/hold/held-ports.ts";
import { placeText } from "../../core/hold/port-lines.ts";
import { readSources } from "../../observe/read-sources.ts";
import type { Line, Report } from "../../report/types.ts";
import { holdLines } from "../hold-file/words.ts";
import { unshare } from "../hold-share/apply.ts";
import { planUnshare } from "../hold-share/plan.ts";
import { changesJson, diffBlock } from "../install/report.ts";
import { needRoot } from "../need-root.ts";
import type { Command, Context } from "../types.ts";
import { underLock } from "../under-lock.ts";
import { applySteps, planSteps, unitText } from "./apply.ts";
import { askedPorts, type PortToHold } from "./asked.ts";
import { planWithoutWords } from "./edits.ts";
import { resultOf } from "./hold.ts";

export const unhold: Command = async (context): Promise<Report> => {
  const { options } = context;
  if (options.dryRun) return unholdOnce(context);
  needRoot(context);
  return underLock(
    context,
    () => unholdOnce(context),
    () => {
      const report = unholdOnce({ ...context, options: { ...options, dryRun: true } });
      return report.outcome === "done" ? undefined : { ...report, data: { ...report.data, dryRun: false } };
    },
  );
};

function unholdOnce(context: Context): Report {
  const { options } = context;
  const sources = readSources(options, "may miss");
  const asked = askedPorts(context, sources);
  const kindOf = kindsIn(sources.held);
  const rows = asked.map((place) => ({ place, was: kindOf(place) }));
  const plan = planWithoutWords(sources, asked);
  const steps = planSteps(options, plan);
  const share = planUnshare(options.root, plan.sources.held);
  const ports = rows.map(({ place: { port, protocol }, was }) => ({ port, protocol, was: was ?? null }));
  const body = { kind: "columns", rows: rows.map(({ place, was }) => rowOf(place, was, options.dryRun)) } as const;
  if ("outcome" in steps) {
    return {
      command: "unhold",
      outcome: steps.outcome,
      diagnostics: [],
      messages: [steps.message],
      body: [body],
      data: { dryRun: options.dryRun, result: "refused", ports, changes: [], unit: "none" },
    };
  }
  const compiled = options.dryRun ? undefined : applySteps(options, steps);
  // No owner without the library meets a hold.
  if (compiled !== undefined) unshare(options.root, share);
  const unit = unitText(steps.unit, options.root, options.dryRun);
  const files = [...steps.files, ...share.changes];
  const written = files.flatMap((one) => {
    if (one.kind === "write-file") return [`written: '${one.path}'`];
    return one.kind === "remove" ? [`removed: '${one.path}'`] : [];
  });
  return {
    command: "unhold",
    outcome: "done",
    diagnostics: compiled?.diagnostics ?? [],
    quiet: ["note"],
    messages: compiled?.messages ?? [],
    body:
      compiled === undefined
        ? [
            body,
            diffBlock([...steps.files, ...steps.unitFiles, ...share.changes]),
            { kind: "lines", lines: [...holdLines(steps.hold, plan.sources.held, true), ...unit] },
          ]
        : [body, { kind: "lines", lines: written }, ...compiled.body, { kind: "lines", lines: unit }],
    data: {
      dryRun: options.dryRun,
      result: resultOf(steps, options.dryRun, share.changes.length > 0),
      ports,
      changes: changesJson([...steps.files, ...steps.unitFiles, ...share.changes], options.dryRun),
      unit: steps.unit,
      unshared: [...share.units],
    },
  };
}

function rowOf(place: PortToHold, was: HeldPort["kind"] | undefined, dryRun: boolean): readonly Line[] {
  if (was === undefined) return [placeText(place), "is neither held nor blocked"];
  const word = { hold: "held", block: "blocked" }[was];
  const text = dryRun ? `would no longer be ${word}` : `no longer ${word}`;
  return [placeText(place), { text: `${text}; what reserves it stays`, tone: "warn" }];
}
