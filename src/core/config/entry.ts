// The grammar of one reservation line: NAME or NUMBER or RANGE, and an optional /tcp or /udp. No names are resolved here.
import { quote } from "../text.ts";
import { trimmed } from "./lines.ts";
import { type Fault, malformedNumber, parsePorts } from "./ports.ts";
import type { Protocol } from "./types.ts";

/** What one line asks for. Offsets count within the line. */
export type Entry = {
  readonly protocols: readonly Protocol[];
  /** Where the number, range or name is. */
  readonly start: number;
  readonly end: number;
} & (
  | { readonly kind: "ports"; readonly first: number; readonly last: number }
  | { readonly kind: "name"; readonly name: string }
);

const BOTH: readonly Protocol[] = ["tcp", "udp"];
/** '608 - 610 / tcp' is the longest entry that spaces can tear apart. */
const TORN_WORDS = 5;

/**
 * Reads the part of a line before any comment. Undefined for a blank line. `isService` says which words are names
 * although they begin with a digit ('3com-tsmux').
 */
export function parseEntry(content: string, isService: (name: string) => boolean): Entry | Fault | undefined {
  const { start: offset, end } = trimmed(content, isSpace);
  if (offset === end) return undefined;
  const text = content.slice(offset, end);
  const words = text.split(/[ \t]+/, TORN_WORDS + 1);
  const entry = parseWord(words[0] ?? text, offset, isService);
  if (words.length === 1) return entry;
  const torn = words.length <= TORN_WORDS ? tornEntry(text, words, isService) : undefined;
  if (torn !== undefined) return { ...torn, start: offset, end: offset + text.length };
  return isEntryFault(entry) ? entry : extraWord(entry, text, offset);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

export function isEntryFault(parsed: Entry | Fault): parsed is Fault {
  return "code" in parsed;
}

function parseWord(text: string, offset: number, isService: (name: string) => boolean): Entry | Fault {
  const slash = text.indexOf("/");
  const left = slash === -1 ? text : text.slice(0, slash);
  const ports = parsePorts(left);
  if (ports !== undefined && "code" in ports) return moved(ports, offset);
  const problem = ports === undefined ? malformedNumber(left) : undefined;
  if (problem !== undefined && !isService(left)) return moved(problem, offset);
  const right = slash === -1 ? undefined : text.slice(slash + 1);
  const fault = right === undefined ? undefined : protocolFault(left, right);
  if (fault !== undefined) return moved(fault, offset);
  const protocols = right === undefined ? BOTH : [right.toLowerCase() as Protocol];
  const end = offset + left.length;
  // Written out: spreading objects here made every line six times as slow.
  if (ports === undefined) return { kind: "name", name: left, protocols, start: offset, end };
  return { kind: "ports", first: ports.first, last: ports.last, protocols, start: offset, end };
}

function moved(fault: Fault, offset: number): Fault {
  return { ...fault, start: offset + fault.start, end: offset + fault.end };
}

function protocolFault(left: string, right: string): Fault | undefined {
  if (left !== "" && isProtocol(right)) return undefined;
  const slash = { start: left.length, end: left.length + 1 };
  if (left === "") {
    const hint = "write a port or a service before it";
    return { code: "missing-port", message: "nothing before the '/'", hint, ...slash };
  }
  const second = right.indexOf("/");
  if (second !== -1) {
    const span = { start: left.length + 1 + second, end: left.length + 1 + right.length };
    return { code: "second-slash", message: "more than one '/'", hint: forms(left), ...span };
  }
  if (right === "") {
    return { code: "missing-protocol", message: "no protocol after the '/'", hint: forms(left), ...slash };
  }
  const swapped = isProtocol(left) && /^\d+$/.test(right);
  return {
    code: "unknown-protocol",
    message: `unknown protocol ${quote(right)}`,
    hint: swapped ? `write ${quote(`${right}/${left.toLowerCase()}`)}` : forms(left),
    start: left.length + 1,
    end: left.length + 1 + right.length,
  };
}

function tornEntry(
  text: string,
  words: readonly string[],
  isService: (name: string) => boolean,
): Omit<Fault, "start" | "end"> | undefined {
  const atMarks = words.every(
    (word, index) => index === 0 || /^[/-]/.test(word) || /[/-]$/.test(words[index - 1] ?? ""),
  );
  if (!atMarks) return undefined;
  const joined = words.join("");
  const entry = parseWord(joined, 0, isService);
  if (isEntryFault(entry) || (entry.kind === "name" && !isService(entry.name))) return undefined;
  return { code: "spaces-inside", message: `spaces inside ${quote(text)}`, hint: `write ${quote(joined)}` };
}

function extraWord(entry: Entry, text: string, offset: number): Fault {
  const [, first = "", gap = "", word = ""] = /^([^ \t]+)([ \t]+)([^ \t]+)/.exec(text) ?? [];
  const hint =
    entry.protocols === BOTH && isProtocol(word)
      ? `write ${quote(`${first}/${word.toLowerCase()}`)}`
      : "write '#' before a comment, and one port or service a line";
  const start = offset + first.length + gap.length;
  const message = `unexpected ${quote(word)} after ${quote(first)}`;
  return { code: "extra-word", message, hint, start, end: start + word.length };
}

function isProtocol(word: string): boolean {
  return /^(tcp|udp)$/i.test(word);
}

function forms(left: string): string {
  return `write ${quote(`${left}/tcp`)}, ${quote(`${left}/udp`)}, or ${quote(left)} for both`;
}
