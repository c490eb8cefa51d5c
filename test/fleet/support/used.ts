// Which metrics and labels a file of alerts or a dashboard uses, and which of them the program does not write.

export interface Written {
  /** The names of the labels of each metric. */
  readonly metrics: ReadonlyMap<string, ReadonlySet<string>>;
  /** Every value of any label. */
  readonly values: ReadonlySet<string>;
}

/** What is in files of metrics. */
export function writtenIn(files: readonly string[]): Written {
  const metrics = new Map<string, Set<string>>();
  const values = new Set<string>();
  for (const line of files.flatMap((text) => text.split("\n"))) {
    const [, name, labels = ""] = /^(portreserve_\w+)(?:\{(.*)\})? /.exec(line) ?? [];
    if (name === undefined) continue;
    const known = metrics.get(name) ?? new Set();
    metrics.set(name, known);
    for (const [, label = "", value = ""] of labels.matchAll(/(\w+)="([^"]*)"/g)) {
      known.add(label);
      values.add(value);
    }
  }
  return { metrics, values };
}

/** What Prometheus knows of each target. */
const OF_TARGETS = ["instance", "job", "rack"];
/** Of Prometheus itself. */
const OTHERS = ["up"];

/** One expression of PromQL, and the labels that are named beside it, in what people read. */
export function notWritten(
  expression: string,
  beside: readonly string[],
  { metrics, values }: Written,
): readonly string[] {
  const plain = expression.replace(/"[^"]*"/g, '""');
  const names = [...plain.matchAll(/\b(portreserve_\w+|up)\b/g)].map(([name]) => name);
  const known = new Set([...OF_TARGETS, ...names.flatMap((name) => [...(metrics.get(name) ?? [])])]);
  const listed = [...plain.matchAll(/\b(?:by|without|on|ignoring) *\(([^)]*)\)/g)].flatMap(([, list = ""]) =>
    list.split(/[ ,]+/).filter((word) => word !== ""),
  );
  const matched = [...expression.matchAll(/(\w+) *(?:=~|!~|!=|=) *"([^"]*)"/g)];
  const labels = [...listed, ...matched.map(([, label = ""]) => label), ...beside];
  const wanted = matched.flatMap(([, , text = ""]) => (text.startsWith("$") ? [] : text.split("|")));
  return [
    ...(names.length === 0 ? [`no metric: ${expression}`] : []),
    ...names.filter((name) => !metrics.has(name) && !OTHERS.includes(name)).map((name) => `no metric ${name}`),
    ...labels.filter((label) => !known.has(label)).map((label) => `no label ${label}: ${expression}`),
    ...wanted.filter((value) => !values.has(value)).map((value) => `no value ${value}: ${expression}`),
  ];
}
