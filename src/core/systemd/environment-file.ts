// The syntax of the files that EnvironmentFile= names: not a shell's, and not that of unit files either.
import { type EnvironmentEntry, entryOf } from "./environment.ts";

/**
 * The assignments of one file that systemd accepts, the last one for each name. A comment that ends in a backslash is
 * read as systemd 254 does: older versions take the next line into it.
 */
export function parseEnvironmentFile(text: string): EnvironmentEntry[] {
  const found = new Map<string, EnvironmentEntry>();
  const nul = text.indexOf("\0");
  const reader: Reader = { text: nul === -1 ? text : text.slice(0, nul), at: 0 };
  for (;;) {
    skip(reader, BLANK);
    if (reader.at >= reader.text.length) return [...found.values()];
    if (COMMENT.includes(next(reader))) {
      until(reader, LINE_END);
      continue;
    }
    const name = until(reader, `=${LINE_END}`);
    if (next(reader) !== "=") continue;
    reader.at += 1;
    const entry = entryOf(`${name.replace(/[ \t]+$/, "")}=${readValue(reader)}`);
    if (entry !== undefined) found.set(entry.name, entry);
  }
}

const LINE_END = "\n\r";
const BLANK = ` \t${LINE_END}`;
const COMMENT = "#;";

interface Reader {
  readonly text: string;
  at: number;
}

/** Quoted parts, one after the other, and at most one part without quotes, which takes all the rest of the line. */
function readValue(reader: Reader): string {
  let value = "";
  for (;;) {
    skip(reader, " \t");
    const mark = next(reader);
    if (mark === "'" || mark === '"') {
      reader.at += 1;
      value += mark === "'" ? singleQuoted(reader) : doubleQuoted(reader);
    } else return value + unquoted(reader);
  }
}

function singleQuoted(reader: Reader): string {
  const part = until(reader, "'");
  reader.at += 1;
  return part;
}

function doubleQuoted(reader: Reader): string {
  let part = "";
  for (; reader.at < reader.text.length; reader.at += 1) {
    const character = next(reader);
    if (character === '"') break;
    if (character !== "\\") {
      part += character;
      continue;
    }
    reader.at += 1;
    const escaped = next(reader);
    if (escaped !== "\n") part += '"\\`$'.includes(escaped) ? escaped : `\\${escaped}`;
  }
  reader.at += 1;
  return part;
}

/** Blanks at the end go, unless a backslash was before them. */
function unquoted(reader: Reader): string {
  let part = "";
  let kept = 0;
  for (; reader.at < reader.text.length && !LINE_END.includes(next(reader)); reader.at += 1) {
    if (next(reader) === "\\") {
      reader.at += 1;
      if (!LINE_END.includes(next(reader))) part += next(reader);
      kept = part.length;
    } else {
      part += next(reader);
      if (!BLANK.includes(next(reader))) kept = part.length;
    }
  }
  return part.slice(0, kept);
}

/** "" at the end. */
function next(reader: Reader): string {
  return reader.text.charAt(reader.at);
}

function skip(reader: Reader, set: string): void {
  while (reader.at < reader.text.length && set.includes(next(reader))) reader.at += 1;
}

function until(reader: Reader, set: string): string {
  const start = reader.at;
  while (reader.at < reader.text.length && !set.includes(next(reader))) reader.at += 1;
  return reader.text.slice(start, reader.at);
}
