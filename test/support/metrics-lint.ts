// Checks metrics as `promtool check metrics` does: the text format's rules, and the conventions for names.

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?|NaN|[+-]Inf)$/;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/;
const OTHER_UNITS = /_(milliseconds|minutes|hours|days|weeks|kilobytes|megabytes|bits|percent|ms|us|ns)(_|$)/;
const TYPE_IN_NAME = /_(gauge|counter|histogram|summary)$/;

/** Every fault: none for a good text. */
export function metricFaults(text: string): readonly string[] {
  const faults: string[] = [];
  if (text !== "" && !text.endsWith("\n")) faults.push("no newline at the end");
  const types = new Map<string, string>();
  const helps = new Set<string>();
  const series = new Set<string>();
  const closed = new Set<string>();
  let current: string | undefined;
  const enter = (name: string): void => {
    if (current === name) return;
    if (closed.has(name)) faults.push(`${name}: its lines are not together`);
    if (current !== undefined) closed.add(current);
    current = name;
  };
  for (const line of text.split("\n").slice(0, -1)) {
    const [, kind, name = "", rest = ""] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (kind !== undefined) {
      enter(name);
      if (kind === "HELP" ? helps.has(name) : types.has(name)) faults.push(`${name}: a second ${kind}`);
      if (kind === "HELP") helps.add(name);
      else types.set(name, rest);
      if (kind === "TYPE" && !/^(gauge|counter|untyped)$/.test(rest)) faults.push(`${name}: no type '${rest}'`);
      if (kind === "TYPE" && [...series].some((one) => one.split("{")[0] === name))
        faults.push(`${name}: TYPE too late`);
      continue;
    }
    const [, metric, labels = ""] = SAMPLE.exec(line) ?? [];
    if (metric === undefined) {
      faults.push(`no sample: ${line}`);
      continue;
    }
    enter(metric);
    const names = labelNames(labels);
    if (names === undefined) faults.push(`${metric}: bad labels: ${labels}`);
    else if (new Set(names).size < names.length) faults.push(`${metric}: a label twice`);
    if (!helps.has(metric)) faults.push(`${metric}: no HELP`);
    if (!types.has(metric)) faults.push(`${metric}: no TYPE`);
    if (series.has(`${metric}{${labels}`)) faults.push(`${metric}: a sample twice: ${labels}`);
    series.add(`${metric}{${labels}`);
  }
  for (const [name, type] of types) faults.push(...nameFaults(name, type));
  return faults;
}

function labelNames(text: string): readonly string[] | undefined {
  const names: string[] = [];
  for (let rest = text; rest !== ""; ) {
    const [whole, name] = LABEL.exec(rest) ?? [];
    if (whole === undefined || name === undefined) return undefined;
    if (/[A-Z]/.test(name) || name.startsWith("__")) return undefined;
    names.push(name);
    rest = rest.slice(whole.length);
  }
  return names;
}

function nameFaults(name: string, type: string): readonly string[] {
  return [
    ...(/[A-Z]/.test(name) ? [`${name}: capitals`] : []),
    ...(name.includes(":") ? [`${name}: a colon is for recording rules`] : []),
    ...(OTHER_UNITS.test(name) ? [`${name}: no base unit`] : []),
    ...(TYPE_IN_NAME.test(name) ? [`${name}: its type is in its name`] : []),
    ...(type === "counter" && !name.endsWith("_total") ? [`${name}: a counter without _total`] : []),
    ...(type !== "counter" && /_(total|count|sum|bucket)$/.test(name) ? [`${name}: not for a ${type}`] : []),
  ];
}
