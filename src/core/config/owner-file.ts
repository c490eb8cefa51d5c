// One file of the configuration folder: its lines, what each reserves, and what is wrong with it.

import { ALLOCATED_PORTS } from "../mechanism.ts";
import { counted, quote } from "../text.ts";
import { type Claim, type Conflict, type TakeClaims, TOO_MANY_CLAIMS, TOO_MANY_KEPT, type Wish } from "./claims.ts";
import type { DiagnosticText, FileDiagnostics } from "./diagnostic-store.ts";
import { type Entry, isEntryFault, parseEntry } from "./entry.ts";
import { type SourceLine, splitLines, type TextRange, withoutByteOrderMark } from "./lines.ts";
import type { ServiceBook } from "./services.ts";
import type { Diagnostic, OwnerFile, ReservationKind } from "./types.ts";

/** The largest file that is read, in bytes; of a larger one nothing takes effect. */
export const OWNER_FILE_LIMIT = 65536;

/** Reads every line in order; a line with an error reserves nothing, and every other line takes effect. */
export function readOwnerFile(
  file: OwnerFile,
  book: ServiceBook,
  take: TakeClaims,
  diagnostics: FileDiagnostics,
): void {
  const problem = wholeFileProblem(file);
  if (problem !== undefined) {
    diagnostics.onFile(problem);
    return;
  }
  const isService = (name: string): boolean => book.find(name) !== undefined;
  for (const line of withoutByteOrderMark(splitLines(file.bytes))) {
    const report: Report = (severity, span, describe) => diagnostics.onLine(severity, line, span, describe);
    readLine(line, book, isService, take, report);
  }
}

/** At most one error a line. The text is made only where it is kept. */
type Report = (severity: Diagnostic["severity"], span: TextRange, describe: () => DiagnosticText) => void;

function readLine(
  line: SourceLine,
  book: ServiceBook,
  isService: (name: string) => boolean,
  take: TakeClaims,
  report: Report,
): void {
  const asked = askedBy(line, book, isService, report);
  if (asked === undefined) return;
  const { entry: parsed, claims } = asked;
  const taken = take(claims, line.number, wishOf(parsed, report));
  if (taken === "too many") report("error", parsed, () => TOO_MANY_CLAIMS);
  else if (taken === "not kept") report("error", parsed, () => TOO_MANY_KEPT);
  else noteUnreachable(claims, parsed, report);
}

/** What a line asks for, and where in it that stands; undefined where that is nothing, or is rejected. */
export function askedBy(
  line: SourceLine,
  book: ServiceBook,
  isService: (name: string) => boolean,
  report: Report,
): { readonly entry: Entry; readonly claims: readonly Claim[] } | undefined {
  const hash = line.text.indexOf("#");
  const length = hash === -1 ? line.text.length : hash;
  if (hasStrangeCharacter(line, length, report)) return undefined;
  const parsed = parseEntry(line.text.slice(0, length), isService);
  if (parsed === undefined) return undefined;
  if (isEntryFault(parsed)) {
    const { code, message, hint } = parsed;
    report("error", parsed, () => ({ code, message, hint }));
    return undefined;
  }
  const claims = parsed.kind === "ports" ? portClaims(parsed) : nameClaims(parsed, book, report);
  return claims === undefined ? undefined : { entry: parsed, claims };
}

function wishOf(entry: Entry, report: Report): Wish | undefined {
  if (entry.asks === "reserve") return undefined;
  return {
    kind: entry.asks,
    onConflict: (conflict) => report("error", entry, () => heldAndBlocked(conflict)),
  };
}

function heldAndBlocked({ port, protocol, held, more }: Conflict): DiagnosticText {
  const first = `${port}/${protocol}`;
  const ports = more === 0 ? `${first} is` : `${first} and ${counted(more, "more port")} are`;
  return {
    code: "held-and-blocked",
    message: `${ports} to be held by ${quote(`${held.file}:${held.line}`)}, and not blocked: a block would keep the owner out`,
    hint: "remove 'block' here, or 'hold' there",
  };
}

function portClaims({ first, last, protocols }: Entry & { kind: "ports" }): Claim[] {
  return protocols.map((protocol) => ({ first, last, protocol }));
}

function nameClaims(entry: Entry & { kind: "name" }, book: ServiceBook, report: Report): Claim[] | undefined {
  const ports = book.find(entry.name);
  if (ports === undefined) {
    report("error", entry, () => unknownService(entry.name, book));
    return undefined;
  }
  const [only, other] = entry.protocols;
  return entry.protocols.map((protocol) => {
    const listed = ports[protocol];
    const port = listed ?? ports[protocol === "tcp" ? "udp" : "tcp"] ?? 0;
    if (listed === undefined && other === undefined) {
      const has = only === "tcp" ? "udp" : "tcp";
      report("note", entry, () => ({
        code: "other-protocol",
        message: `${quote(entry.name)} is listed for ${has} only; its number, ${port}, is reserved for ${only}`,
        hint: `write ${quote(entry.name)} to reserve both`,
      }));
    }
    return { first: port, last: port, protocol };
  });
}

function unknownService(name: string, book: ServiceBook): DiagnosticText {
  const near = book.suggest(name);
  const meant = near === undefined ? "" : `did you mean ${quote(near)}? otherwise `;
  const hint = `${meant}write the port number${whereToAdd(book)}`;
  return { code: "unknown-service", message: `unknown service ${quote(name)}`, hint };
}

function whereToAdd({ path, unread }: ServiceBook): string {
  if (unread !== undefined) return `: ${quote(unread)} cannot be read`;
  return path === undefined ? ": there is no services(5) file" : `, or add the name to ${quote(path)}`;
}

/** What the notes on ports that no library hands out say of each kind. */
const UNREACHABLE: Readonly<Record<ReservationKind, { readonly below: string; readonly above: string }>> = {
  reserve: {
    below: "the line may stay, but nothing needs it",
    above: "the kernel may: see the sysctl net.ipv4.ip_local_reserved_ports",
  },
  hold: {
    below: "the hold keeps it from everybody who asks for it without SO_REUSEADDR",
    above: "the kernel hands it to no socket without SO_REUSEADDR either, while it is held",
  },
  block: {
    below: "the block keeps it from everybody",
    above: "the kernel hands it to nobody either, while it is blocked",
  },
};

function noteUnreachable(claims: readonly Claim[], span: Entry, report: Report): void {
  const { first, last } = ALLOCATED_PORTS;
  if (claims.every((claim) => claim.first >= first && claim.last <= last)) return;
  const ranges = new Map(claims.map((claim) => [`${claim.first}-${claim.last}`, claim]));
  for (const range of ranges.values()) {
    if (range.first < first) {
      report("note", span, () => ({
        code: "port-below-allocators",
        message: never(range.first, Math.min(range.last, first - 1), `below ${first}`),
        hint: UNREACHABLE[span.asks].below,
      }));
    }
    if (range.last > last) {
      report("note", span, () => ({
        code: "port-above-allocators",
        message: never(Math.max(range.first, last + 1), range.last, `above ${last}`),
        hint: UNREACHABLE[span.asks].above,
      }));
    }
  }
}

function never(first: number, last: number, where: string): string {
  if (first === last) return `port ${first} is ${where}: bindresvport never hands it out`;
  return `ports ${first} to ${last} are ${where}: bindresvport never hands them out`;
}

/** All that looks like nothing or like a space but is neither space nor tab. */
const INVISIBLE = /(?![ \t])[\p{Cc}\p{Cf}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/u;
const CONTROL = /(?!\t)\p{Cc}/u;
const PLAIN = /^[\t -~]*$/;

/** Reports bytes and characters that cannot belong to an entry, and notes them in comments. True: the line is out. */
function hasStrangeCharacter(line: SourceLine, length: number, report: Report): boolean {
  if (PLAIN.test(line.text)) return false;
  const { invalid, text } = line;
  const inside = invalid !== undefined && invalid.start < length;
  if (invalid !== undefined) {
    report(inside ? "error" : "note", invalid, () => ({
      code: "not-utf8",
      message: `${inside ? "" : "in a comment, "}bytes that are not UTF-8: ${invalid.shown}`,
      hint: "write the file in plain ASCII or UTF-8",
    }));
    if (inside) return true;
  }
  const found = INVISIBLE.exec(text.slice(0, length));
  if (found !== null) {
    reportCharacter(found, "error", "", report);
    return true;
  }
  const comment = CONTROL.exec(text.slice(length));
  if (comment !== null) {
    comment.index += length;
    reportCharacter(comment, "note", "in a comment, ", report);
  }
  return false;
}

function reportCharacter(found: RegExpExecArray, severity: "error" | "note", where: string, report: Report): void {
  const code = found[0].codePointAt(0) ?? 0;
  const kind =
    code === 0x0d ? "carriage return inside a line" : code <= 0x9f ? "control character" : "invisible character";
  const span = { start: found.index, end: found.index + found[0].length };
  report(severity, span, () => ({
    code: "strange-character",
    message: `${where}${kind}: U+${code.toString(16).toUpperCase().padStart(4, "0")}`,
    hint: code === 0x0d ? "end each line with a line feed" : "remove it, or write a space",
  }));
}

function wholeFileProblem(file: OwnerFile): Diagnostic | undefined {
  const { bytes, path } = file;
  if (bytes.length > OWNER_FILE_LIMIT) {
    return {
      severity: "error",
      code: "file-too-large",
      message: `larger than ${OWNER_FILE_LIMIT / 1024} KiB, so nothing of it takes effect`,
      hint: "a reservation file is a few lines: remove it, or split it",
      file: path,
    };
  }
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    return {
      severity: "error",
      code: "utf16",
      message: "text in UTF-16, so nothing of it takes effect",
      hint: "write the file in plain ASCII or UTF-8",
      file: path,
    };
  }
  return undefined;
}
