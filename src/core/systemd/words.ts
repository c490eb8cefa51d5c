// The words of a setting in a unit file: systemd's quotes and C-style escapes, read and written.
import { Buffer, isUtf8 } from "node:buffer";

export interface Words {
  /** Words before the first error; what is not UTF-8 is left out, since systemd ignores it. */
  readonly words: readonly string[];
  /** A quote that never ends, or an escape that systemd does not know: it ignores the word and all after it. */
  readonly broken: boolean;
}

const BLANK = " \t\n\r";

/** Splits a value as systemd does where it allows quoting; quotes may also begin and end within a word. */
export function splitWords(value: string): Words {
  // Escapes can write single bytes of a character, so the work is done on bytes, in a string that holds one in each place.
  const bytes = Buffer.from(value, "utf8").toString("latin1");
  const words: string[] = [];
  for (let at = 0; ; ) {
    while (at < bytes.length && BLANK.includes(bytes.charAt(at))) at += 1;
    if (at === bytes.length) return { words, broken: false };
    const word = readWord(bytes, at);
    if (word === undefined) return { words, broken: true };
    const raw = Buffer.from(word.text, "latin1");
    if (isUtf8(raw)) words.push(raw.toString("utf8"));
    at = word.end;
  }
}

function readWord(bytes: string, start: number): { readonly text: string; readonly end: number } | undefined {
  let text = "";
  let quoted = "";
  let at = start;
  for (; at < bytes.length; at += 1) {
    const character = bytes.charAt(at);
    if (character === "\\") {
      const meant = readEscape(bytes, at);
      if (meant === undefined) return undefined;
      text += meant.text;
      at = meant.end - 1;
    } else if (quoted !== "") {
      if (character === quoted) quoted = "";
      else text += character;
    } else if (character === '"' || character === "'") quoted = character;
    else if (BLANK.includes(character)) break;
    else text += character;
  }
  return quoted === "" ? { text, end: at } : undefined;
}

const LETTERS: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  '"': '"',
  "'": "'",
  s: " ",
};
const NUMBERS = /\\(?:x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/y;

/** The escape at `at`, as bytes; undefined where systemd knows none. */
export function readEscape(bytes: string, at: number): { readonly text: string; readonly end: number } | undefined {
  const letter = LETTERS[bytes.charAt(at + 1)];
  if (letter !== undefined) return { text: letter, end: at + 2 };
  NUMBERS.lastIndex = at;
  const [all, hex, octal, short, long] = NUMBERS.exec(bytes) ?? [];
  if (all === undefined) return undefined;
  const byte = hex === undefined ? octal && Number.parseInt(octal, 8) : Number.parseInt(hex, 16);
  const end = at + all.length;
  if (typeof byte === "number") return byte === 0 || byte > 0xff ? undefined : { text: String.fromCharCode(byte), end };
  const point = Number.parseInt(short ?? long ?? "", 16);
  if (point === 0 || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return undefined;
  return { text: Buffer.from(String.fromCodePoint(point), "utf8").toString("latin1"), end };
}

/** One word in double quotes. Specifiers stay what they are: see `literal`. */
export function quoteWord(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not stand in a unit file
  return `"${text.replace(/["\\\x00-\x1f\x7f]/g, escaped)}"`;
}

function escaped(character: string): string {
  if (character === '"' || character === "\\") return `\\${character}`;
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

/** A text in which systemd finds no specifier. */
export function literal(text: string): string {
  return text.replaceAll("%", "%%");
}

/** systemd refuses such a name for a program, however it is quoted. */
export function isExecutableName(path: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: systemd refuses them
  return path.startsWith("/") && !/["'\\\x00-\x1f\x7f]/.test(path);
}

/** A path, one that `isExecutableName` allows, as the program of ExecStart=; systemd looks for variables in the arguments alone. */
export function execProgram(path: string): string {
  return quoteWord(literal(path));
}

/** One argument of ExecStart=, in which systemd finds neither specifier nor variable. */
export function execArgument(text: string): string {
  return quoteWord(literal(text).replaceAll("$", "$$$$"));
}
