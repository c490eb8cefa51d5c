// The list that libtirpc's own bindresvport() keeps to: read exactly as libtirpc reads it, with diagnostics on what it drops.

import { ALLOCATED_PORTS } from "../mechanism.ts";
import { quote } from "../text.ts";
import { cNumber } from "./c-number.ts";
import { type Claim, type TakeClaims, TOO_MANY_CLAIMS } from "./claims.ts";
import type { FileDiagnostics } from "./diagnostic-store.ts";
import { kindOfWord } from "./kind.ts";
import { splitLines, trimmed } from "./lines.ts";
import type { Diagnostic, SourceFile } from "./types.ts";

/** The owner of what the blacklist reserves. */
export const BLACKLIST_OWNER = "bindresvport.blacklist";

/**
 * One number a line in C notation (0655 is octal, 0x28a is 650), from 512 to 1023, for both protocols; '#' starts a
 * comment; anything else after the number voids the line. Lines without effect are notes, not errors: libtirpc passes
 * over them too, and the file belongs to another package. Source: libtirpc 1.3.3, src/bindresvport.c, and runs of it.
 */
export function readBlacklist(file: SourceFile, take: TakeClaims, diagnostics: FileDiagnostics): void {
  for (const line of splitLines(file.bytes)) {
    // To a C program a line ends at a NUL as well.
    const content = line.text.split(/[#\0]/, 1)[0] ?? "";
    const span = trimmed(content, isSpace);
    if (span.start === span.end) continue;
    const word = content.slice(span.start, span.end);
    const diagnostic = readNumber(word, (claims) => take(claims, line.number));
    if (diagnostic === undefined) continue;
    const { severity, ...text } = diagnostic;
    diagnostics.onLine(severity, line, span, () => text);
  }
}

/** What isspace() accepts in the C locale: the space, and U+0009 to U+000D. */
function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}

function readNumber(word: string, take: (claims: readonly Claim[]) => ReturnType<TakeClaims>): Diagnostic | undefined {
  const number = cNumber(word);
  if (number === undefined) {
    const message = `${quote(word)} is not a number alone, so libtirpc drops the line, and so does the table`;
    return dropped(message, cureFor(word));
  }
  const { first, last } = ALLOCATED_PORTS;
  const octal = /^[+-]?0[0-7]/.test(word);
  if (number < first || number > last) {
    const value = octal ? `, read as the octal number ${number},` : "";
    const message = `${quote(word)}${value} is not from ${first} to ${last}, so libtirpc drops the line, and so does the table`;
    return dropped(
      message,
      octal ? "write it without the leading zero" : "bindresvport never hands it out: remove the line",
    );
  }
  const range = { first: number, last: number };
  const taken = take([
    { ...range, protocol: "tcp" },
    { ...range, protocol: "udp" },
  ]);
  if (taken === "too many") return TOO_MANY_CLAIMS;
  if (!octal) return undefined;
  return {
    severity: "note",
    code: "blacklist-octal",
    message: `${quote(word)} is read as an octal number: port ${number}`,
    hint: `write '${number}' if that is meant, or the number without the leading zero`,
  };
}

/** Only the files of /etc/portreserve have words. */
function cureFor(text: string): string {
  const [entry = "", word = "", ...rest] = text.split(/[ \t]+/, 3);
  const kind = rest.length === 0 ? kindOfWord(word) : undefined;
  if (kind === undefined) return "write one number a line, and '#' before a comment";
  return `write ${quote(`${entry} ${kind}`)} into the file of its owner, and the number alone here`;
}

function dropped(message: string, hint: string): Diagnostic {
  return { severity: "note", code: "blacklist-line-dropped", message, hint };
}
