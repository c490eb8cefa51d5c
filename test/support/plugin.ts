// The output of a monitoring plugin, read as the Monitoring Plugins guidelines define it.

export interface PluginOutput {
  readonly state: string;
  readonly summary: string;
  /** 'label'=value[UOM];[warn];[crit];[min];[max] */
  readonly data: Readonly<Record<string, { value: number; warning: string; critical: string; most: string }>>;
  readonly details: readonly string[];
}

const RANGE = String.raw`@?(?:(?:~|-?\d+(?:\.\d+)?)?:)?(?:-?\d+(?:\.\d+)?)?`;
const NUMBER = String.raw`-?\d+(?:\.\d+)?`;
const DATUM = new RegExp(
  `^('[^'=]+'|[^ '=]+)=(${NUMBER})(s|us|ms|%|B|KB|MB|GB|TB|c)?(?:;(${RANGE}))?(?:;(${RANGE}))?(?:;(${NUMBER})?)?(?:;(${NUMBER})?)?$`,
);

/** Throws an error that says what is against the guidelines. */
export function parsePlugin(text: string): PluginOutput {
  if (!text.endsWith("\n")) throw new Error(`no newline at the end: ${JSON.stringify(text)}`);
  if (/[^\x20-\x7e\n]/.test(text)) throw new Error(`not plain ASCII: ${JSON.stringify(text)}`);
  const [first = "", ...details] = text.slice(0, -1).split("\n");
  const [said = "", numbers = "", ...more] = first.split("|");
  if (more.length > 0 || details.some((line) => line.includes("|"))) throw new Error("a '|' too many");
  const head = /^PORTRESERVE (OK|WARNING|CRITICAL|UNKNOWN) - (.*\S) ?$/.exec(said);
  if (head === null) throw new Error(`not a first line: ${said}`);
  const found = numbers.split(" ").filter((word) => word !== "");
  const data = found.map((word) => {
    const datum = DATUM.exec(word);
    if (datum === null) throw new Error(`not performance data: ${word}`);
    const [, label = "", value = "", , warning = "", critical = "", , most = ""] = datum;
    return [label, { value: Number(value), warning, critical, most }] as const;
  });
  if (new Set(data.map(([label]) => label)).size < data.length) throw new Error(`a label twice: ${numbers}`);
  return { state: head[1] ?? "", summary: head[2] ?? "", data: Object.fromEntries(data), details };
}
