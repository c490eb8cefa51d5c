// Makes any text safe to print: one line stays one line, nothing drives the terminal, every character is seen.

/**
 * Controls, formatting (bidi, zero width), line separators, unassigned and private characters, spaces that look like
 * ' ', and what terminals show as nothing: fillers, joiners, variation selectors and the empty Braille pattern.
 */
const UNPRINTABLE = /[\\\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/u;
const EVERY_UNPRINTABLE = new RegExp(UNPRINTABLE, "gu");

/** The text with '\' doubled and each unprintable character as \n, \r, \t, \xNN or \u{…}; \x80 and above is a byte of a name that is not UTF-8. */
export function escapeText(text: string): string {
  return text.replace(EVERY_UNPRINTABLE, escapeCharacter);
}

const SHORT: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) as number;
  const short = SHORT[character];
  if (short !== undefined) return short;
  // Names hold a byte that is not UTF-8 as a lone surrogate, U+DC80 to U+DCFF.
  const byte = code >= 0xdc80 && code <= 0xdcff ? code - 0xdc00 : code < 0x80 ? code : undefined;
  return byte === undefined ? `\\u{${code.toString(16)}}` : `\\x${byte.toString(16).padStart(2, "0")}`;
}

const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;
const COMBINING = /[\p{Mn}\p{Me}]/u;

/** Cells that escaped text takes on a terminal. */
export function cellWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += COMBINING.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}
