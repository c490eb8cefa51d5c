// Metrics in Prometheus' text exposition format, version 0.0.4: escaped, sorted, each HELP and TYPE once.
import { compareText } from "../core/text.ts";
import { escapeText } from "./escape.ts";

export interface Sample {
  /** Values are raw text. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Metric {
  /** Like "portreserve_table_age_seconds": base units, no type in the name. */
  readonly name: string;
  /** One line. */
  readonly help: string;
  readonly type: "gauge" | "counter";
  /** Those with the same labels count once, the first of them. None: the metric is left out. */
  readonly samples: readonly Sample[];
}

const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** Throws TypeError for a name that the format does not have, and for a metric that comes twice: those are bugs. */
export function prometheusText(metrics: readonly Metric[]): string {
  const sorted = [...metrics].sort((a, b) => compareText(a.name, b.name));
  for (const [index, { name }] of sorted.entries()) {
    if (!METRIC_NAME.test(name)) throw new TypeError(`not the name of a metric: ${name}`);
    if (sorted[index - 1]?.name === name) throw new TypeError(`a metric comes twice: ${name}`);
  }
  return sorted
    .filter(({ samples }) => samples.length > 0)
    .flatMap(metricLines)
    .map((line) => `${line}\n`)
    .join("");
}

function metricLines({ name, help, type, samples }: Metric): string[] {
  const series = new Map<string, number>();
  for (const { labels, value } of samples) {
    const key = `${name}${labelText(labels ?? {})}`;
    if (!series.has(key)) series.set(key, value);
  }
  return [
    `# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}`,
    `# TYPE ${name} ${type}`,
    ...[...series].sort(([a], [b]) => compareText(a, b)).map(([key, value]) => `${key} ${number(value)}`),
  ];
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const names = Object.keys(labels).sort(compareText);
  for (const name of names) if (!LABEL_NAME.test(name)) throw new TypeError(`not the name of a label: ${name}`);
  if (names.length === 0) return "";
  return `{${names.map((name) => `${name}="${labelValue(labels[name] ?? "")}"`).join(",")}}`;
}

/** What is unprintable is shown as everywhere else, so that a series has the name that people read. */
function labelValue(text: string): string {
  return escapeText(text).replaceAll("\\", "\\\\").replaceAll('"', '\\"');
}

function number(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  return Number.isFinite(value) ? String(value) : value > 0 ? "+Inf" : "-Inf";
}
