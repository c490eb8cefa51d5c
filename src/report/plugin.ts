// What a monitoring plugin prints, by the Monitoring Plugins guidelines: one line with a state, performance data, more lines.
import { escapeText } from "./escape.ts";
import { inAscii } from "./symbols.ts";
import type { Message } from "./types.ts";

export type PluginState = "OK" | "WARNING" | "CRITICAL" | "UNKNOWN";

/** Nagios, Icinga and their kin know these exit codes, and take every other for a broken plugin. */
export const PLUGIN_CODES = { OK: 0, WARNING: 1, CRITICAL: 2, UNKNOWN: 3 } as const satisfies Readonly<
  Record<PluginState, number>
>;

/** One number to be drawn: `left_tcp=380;32:;;0;512`. */
export interface PerformanceDatum {
  /** Without spaces, quotes and '='. */
  readonly label: string;
  readonly value: number;
  /** Ranges outside of which there is an alert: "0" for 0 alone, "32:" for 32 and more. */
  readonly warning?: string;
  readonly critical?: string;
  readonly least?: number;
  readonly most?: number;
}

export interface PluginResult {
  readonly state: PluginState;
  /** Raw text: it is escaped, so that it stays one line. */
  readonly summary: string;
  readonly data?: readonly PerformanceDatum[];
  /** More lines for whoever looks at the service; raw text. */
  readonly details?: readonly string[];
}

const LABEL = /^[a-z_]+$/;

/**
 * Performance data come at the end of the first line, so that what a transport cuts off is never them. Throws TypeError for
 * a label that the format does not have: that is a bug.
 */
export function pluginText({ state, summary, data = [], details = [] }: PluginResult): string {
  const numbers = data.length === 0 ? "" : ` | ${data.map(datumText).join(" ")}`;
  return [`PORTRESERVE ${state} - ${plain(summary)}${numbers}`, ...details.map(plain)]
    .map((line) => `${line}\n`)
    .join("");
}

/** Whatever went wrong in a plugin is one of its four states too. */
export function pluginFailure({ message, hint }: Pick<Message, "message" | "hint">): PluginResult {
  return { state: "UNKNOWN", summary: message, details: hint === undefined ? [] : [`hint: ${hint}`] };
}

/** ASCII alone, since nobody knows what reads it, and no '|', which would begin performance data. */
function plain(text: string): string {
  return inAscii(escapeText(text))
    .replaceAll("|", "\\x7c")
    .replace(/[^\x20-\x7e]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

function datumText({ label, value, warning = "", critical = "", least, most }: PerformanceDatum): string {
  if (!LABEL.test(label)) throw new TypeError(`not the label of performance data: ${label}`);
  return [`${label}=${value}`, warning, critical, least ?? "", most ?? ""].join(";").replace(/;+$/, "");
}
