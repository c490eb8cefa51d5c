// status: how the protection stands, who can still take a reserved port, and who has. It reports; verify asserts.
import { newMemory } from "../../observe/read-memory.ts";
import { diagnosticCount } from "../../report/diagnostics.ts";
import { prometheusText } from "../../report/prometheus.ts";
import type { Message, Report } from "../../report/types.ts";
import { AppError } from "../../system/app-error.ts";
import { writeOutput } from "../../system/files/write-output.ts";
import { figuresOf } from "../coverage/figures.ts";
import { type AssessedHost, assessHost, refuseOtherRoot } from "../coverage/look.ts";
import type { Command, Options } from "../types.ts";
import { statusJson, timeText } from "./json.ts";
import { statusMetrics } from "./metrics.ts";
import { plugin } from "./plugin.ts";
import { statusBlocks } from "./text.ts";
import { watch } from "./watch.ts";

export const status: Command = (context): Report | Promise<Report> => {
  const { options } = context;
  refuseOtherRoot("status", options);
  refuseTwoForms(options);
  if (options.nagios) return plugin(context);
  const memory = newMemory();
  if (options.watch) return watch(context, () => seen(assessHost(context, memory), options));
  const seenNow = assessHost(context, memory);
  return options.prometheus ? metricsReport(seenNow, options) : seen(seenNow, options).report;
};

function refuseTwoForms({ json, prometheus, watch: again, nagios, timeout, output }: Options): void {
  const forms = [
    ...(nagios ? ["--nagios"] : []),
    ...(prometheus ? [nagios && output !== undefined ? "--output" : "--prometheus"] : []),
    ...(json ? ["--json"] : []),
    ...(again ? ["--watch"] : []),
  ];
  const alone = nagios || prometheus;
  if (alone && forms.length > 1) throw new AppError("usage", `${forms.join(" and ")} exclude each other`, EXPLAINED);
  if (timeout !== undefined && !nagios) throw new AppError("usage", "--timeout is for --nagios", EXPLAINED);
}

const EXPLAINED = "'portreservectl help status' explains it";

/** `key`: the same as long as nothing has happened. */
function seen(
  { facts, coverage, diagnostics }: AssessedHost,
  options: Options,
): { report: Report; readonly key: string } {
  const figures = figuresOf(coverage);
  const data = statusJson(facts, coverage, figures);
  const report: Report = {
    command: "status",
    outcome: "done",
    diagnostics,
    quiet: ["error", "note"],
    body: options.json ? [] : statusBlocks({ facts, coverage, figures, verbose: options.verbose }),
    data: { time: timeText(facts.time), ...data },
  };
  return {
    report,
    get key() {
      return JSON.stringify([data, diagnostics]);
    },
  };
}

function metricsReport(seenNow: AssessedHost, { output }: Options): Report {
  const text = prometheusText(metricsOf(seenNow));
  const report = { command: "status", outcome: "done", diagnostics: [], body: [], data: {} } as const;
  if (output === undefined) return { ...report, text };
  writeOutput(output, text);
  return { ...report, messages: unread(output), text: "" };
}

function metricsOf({ facts, coverage, diagnostics }: AssessedHost): ReturnType<typeof statusMetrics> {
  const rejected = facts.reservations === undefined ? undefined : diagnosticCount(diagnostics, "error");
  return statusMetrics(facts, coverage, figuresOf(coverage), rejected);
}

function unread(output: string): readonly Message[] {
  if (output.endsWith(".prom")) return [];
  const message = `node_exporter will not read '${output}'`;
  return [{ severity: "note", message, hint: "its textfile collector wants a name that ends in '.prom'" }];
}
