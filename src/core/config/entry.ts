// The grammar of one reservation line: NAME or NUMBER or RANGE, an optional /tcp or /udp, and an optional word. No names are resolved here.
import { quote } from "../text.ts";
import type { Fault } from "./fault.ts";
import { kindInFront, kindNear, kindOfWord, secondKind } from "./kind.ts";
import { trimmed } from "./lines.ts";
import { malformedNumber, parsePorts } from "./ports.ts";
import type { Protocol, ReservationKind } from "./types.ts";

/** What one line asks for. Offsets count within the line. */
export type Entry = {
  readonly protocols: readonly Protocol[];
  readonly asks: ReservationKind;
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
const WORDS = /[^ \t]+/g;
const COMMENT_HINT = "write '#' before a comment, and one port or service a line";

type IsService = (name: string) => boolean;

/**
 * Reads the part of a line before any comment. Undefined for a blank line. `isService` says which words are names
 * although they begin with a digit ('3com-tsmux'), or are the words for what is done with a port.
 */
export function parseEntry(content: string, isService: IsService): Entry | Fault | undefined {
  const { start: offset, end } = trimmed(content, isSpace);
  if (offset === end) return undefined;
  const text = content.slice(offset, end);
  // One more than can be an entry: what follows then is of no account.
  const words = text.split(/[ \t]+/, TORN_WORDS + 2);
  const [first = text, second = ""] = words;
  if (kindOfWord(first) !== undefined && !isService(first)) return inFront(words, offset, isService);
  if (words.length === 1) return parseWord(text, offset, isService, "reserve");
  const kind = kindOfWord(second);
  if (kind !== undefined && words.length === 2) return parseWord(first, offset, isService, kind);
  const at = words.findIndex((word, index) => index > 0 && kindOfWord(word) !== undefined);
  if (at < 0) return severalWords(text, words, offset, isService, "");
  if (at === 1) return behindKind(text, words, offset, isService);
  const places = [...text.matchAll(WORDS)].slice(0, at);
  const head = text.slice(0, (places[at - 1]?.index ?? 0) + (words[at - 1] ?? "").length);
  return severalWords(head, words.slice(0, at), offset, isService, ` ${words[at]?.toLowerCase()}`);
}

/** `suffix`: the word that follows, with a space before it, or nothing. There are two words or more. */
function severalWords(
  text: string,
  words: readonly string[],
  offset: number,
  isService: IsService,
  suffix: string,
): Fault {
  const entry = parseWord(words[0] ?? text, offset, isService, "reserve");
  const torn = words.length <= TORN_WORDS ? tornEntry(text, words, isService, suffix) : undefined;
  if (torn !== undefined) return { ...torn, start: offset, end: offset + text.length };
  return isEntryFault(entry) ? entry : extraWord(entry, text, offset, words.length === 2 ? suffix : undefined);
}

function inFront([word = "", ...rest]: readonly string[], offset: number, isService: IsService): Fault {
  const [entry = ""] = rest;
  const isEntry = rest.length === 1 && !isEntryFault(parseWord(entry, 0, isService, "reserve"));
  return kindInFront(word, isEntry && kindOfWord(entry) === undefined ? entry : undefined, offset);
}

/** More words behind the one for the kind, which is the second. */
function behindKind(text: string, words: readonly string[], offset: number, isService: IsService): Fault {
  const [first = "", kind = "", next = ""] = words;
  const entry = parseWord(first, offset, isService, "reserve");
  if (isEntryFault(entry)) return entry;
  const start = offset + ([...text.matchAll(WORDS)][2]?.index ?? 0);
  if (kindOfWord(next) !== undefined) return secondKind(first, kind, next, start);
  const hint =
    isProtocol(next) && entry.protocols === BOTH
      ? `write ${quote(`${first}/${next.toLowerCase()} ${kind.toLowerCase()}`)}`
      : COMMENT_HINT;
  const message = `unexpected ${quote(next)} after ${quote(kind)}`;
  return { code: "extra-word", message, hint, start, end: start + next.length };
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

export function isEntryFault(parsed: Entry | Fault): parsed is Fault {
  return "code" in parsed;
}

function parseWord(text: string, offset: number, isService: IsService, asks: ReservationKind): Entry | Fault {
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
  if (ports === undefined) return { kind: "name", name: left, protocols, asks, start: offset, end };
  return { kind: "ports", first: ports.first, last: ports.last, protocols, asks, start: offset, end };
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
    const [protocol = "", word = ""] = right.split("/", 2);
    const kind = isProtocol(protocol) ? kindOfWord(word) : undefined;
    const hint = kind === undefined ? forms(left) : `write ${quote(`${left}/${protocol.toLowerCase()} ${kind}`)}`;
    return { code: "second-slash", message: "more than one '/'", hint, ...span };
  }
  if (right === "") {
    return { code: "missing-protocol", message: "no protocol after the '/'", hint: forms(left), ...slash };
  }
  const swapped = isProtocol(left) && /^\d+$/.test(right);
  const kind = kindOfWord(right);
  const meant = swapped ? `${right}/${left.toLowerCase()}` : kind === undefined ? undefined : `${left} ${kind}`;
  return {
    code: "unknown-protocol",
    message: `unknown protocol ${quote(right)}`,
    hint: meant === undefined ? forms(left) : `write ${quote(meant)}`,
    start: left.length + 1,
    end: left.length + 1 + right.length,
  };
}

function tornEntry(
  text: string,
  words: readonly string[],
  isService: IsService,
  suffix: string,
): Omit<Fault, "start" | "end"> | undefined {
  const atMarks = words.every(
    (word, index) => index === 0 || /^[/-]/.test(word) || /[/-]$/.test(words[index - 1] ?? ""),
  );
  if (!atMarks) return undefined;
  const joined = words.join("");
  const entry = parseWord(joined, 0, isService, "reserve");
  if (isEntryFault(entry) || (entry.kind === "name" && !isService(entry.name))) return undefined;
  return { code: "spaces-inside", message: `spaces inside ${quote(text)}`, hint: `write ${quote(joined + suffix)}` };
}

/** `suffix`: undefined where more words follow than the one that is too many. */
function extraWord(entry: Entry, text: string, offset: number, suffix: string | undefined): Fault {
  const [, first = "", gap = "", word = ""] = /^([^ \t]+)([ \t]+)([^ \t]+)/.exec(text) ?? [];
  const near = suffix === "" ? kindNear(word) : undefined;
  const hint =
    entry.protocols === BOTH && isProtocol(word)
      ? `write ${quote(`${first}/${word.toLowerCase()}${suffix ?? ""}`)}`
      : near === undefined
        ? COMMENT_HINT
        : `did you mean ${quote(`${first} ${near}`)}? otherwise write '#' before a comment`;
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
