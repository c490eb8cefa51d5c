// Environment variables of a unit: entries, and the list that 'systemctl show' prints.
import { Buffer } from "node:buffer";
import { literal, readEscape } from "./words.ts";

export const PRELOAD_VARIABLE = "LD_PRELOAD";

export interface EnvironmentEntry {
  readonly name: string;
  readonly value: string;
  /** The value as a unit file may say it: '%' begins a specifier, so a plain one is doubled. */
  readonly template: string;
}

/** NAME=VALUE as an entry, or undefined for what systemd ignores. A value may have control characters in it. */
export function entryOf(assignment: string, template?: string): EnvironmentEntry | undefined {
  const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(assignment) ?? [];
  if (name === undefined || value === undefined) return undefined;
  return { name, value, template: template?.slice(name.length + 1) ?? literal(value) };
}

/** The last entry of the name wins. */
export function findEntry(entries: readonly EnvironmentEntry[], name: string): EnvironmentEntry | undefined {
  return entries.findLast((entry) => entry.name === name);
}

/**
 * The value of Environment in the output of 'systemctl show': every version separates with spaces and quotes only
 * where needed, as "…" or as $'…', with a backslash before what a shell would change and C-style control characters.
 */
export function parseShownEnvironment(text: string): EnvironmentEntry[] {
  return shownWords(text).flatMap((word) => entryOf(word) ?? []);
}

const SHOWN_WORD = /\$'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(\S+)/gs;

/** The words of any list that systemctl prints; also the rest of a line of 'systemctl show-environment'. */
export function shownWords(text: string): string[] {
  return [...text.matchAll(SHOWN_WORD)].map(([, posix, double, bare]) => bare ?? unescaped(posix ?? double ?? ""));
}

/** The output of 'systemctl show-environment': what systemd itself gives to every service, one variable a line. */
export function parseManagerEnvironment(text: string): EnvironmentEntry[] {
  return text.split("\n").flatMap((line) => {
    const equals = line.indexOf("=");
    if (equals === -1) return [];
    return entryOf(`${line.slice(0, equals)}=${shownWords(line.slice(equals + 1)).join(" ")}`) ?? [];
  });
}

function unescaped(quoted: string): string {
  const bytes = Buffer.from(quoted, "utf8").toString("latin1");
  let text = "";
  for (let at = 0; at < bytes.length; at += 1) {
    const meant = bytes.charAt(at) === "\\" ? (readEscape(bytes, at) ?? plain(bytes, at)) : undefined;
    text += meant?.text ?? bytes.charAt(at);
    at = (meant?.end ?? at + 1) - 1;
  }
  return Buffer.from(text, "latin1").toString("utf8");
}

function plain(bytes: string, at: number): { readonly text: string; readonly end: number } {
  return { text: bytes.charAt(at + 1), end: at + 2 };
}
