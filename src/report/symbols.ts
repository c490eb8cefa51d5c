// The few characters beyond ASCII that are our own, and what stands for them where the user's locale has no UTF-8.
import { escapeText } from "./escape.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const IN_ASCII: Readonly<Record<string, string>> = { "→": "->", "–": "-", "·": "|", "…": "..." };
const OURS = new RegExp(`[${Object.keys(IN_ASCII).join("")}]`, "g");

/**
 * Whether the locale says so: see locale(7). Where nothing is set, as in containers and under cron, what reads the output
 * shows UTF-8 nowadays.
 */
function isAsciiOnly({ LC_ALL, LC_CTYPE, LANG }: Environment): boolean {
  const locale = [LC_ALL, LC_CTYPE, LANG].find((value) => value !== undefined && value !== "");
  return locale !== undefined && !/utf-?8/i.test(locale);
}

let asciiOnly = false;

/** Said once, by the program; without it all is UTF-8. */
export function useLocale(environment: Environment): void {
  asciiOnly = isAsciiOnly(environment);
}

/** Text that is shown as it is, in the locale that is used. */
export function inLocale(text: string): string {
  return asciiOnly ? inAscii(text) : text;
}

/** Text without our own symbols, whatever the locale. */
export function inAscii(text: string): string {
  return text.replace(OURS, (symbol) => IN_ASCII[symbol] ?? symbol);
}

/** Raw text, escaped, in the locale that is used. */
export function shownText(text: string): string {
  return inLocale(escapeText(text));
}
