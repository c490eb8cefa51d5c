// Numbers as C programs read them.

const NUMBER = /^([+-]?)(0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)$/i;

/** strtoul() with base 0, where it takes all of the word; undefined where it would stop early ('08', '0x', '631x'). */
export function cNumber(word: string): number | undefined {
  const [, sign, digits] = NUMBER.exec(word) ?? [];
  if (digits === undefined) return undefined;
  const number = /^0[0-7]/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
  return sign === "-" ? -number : number;
}
