// /proc/PID/auxv: what the kernel told the loader of a program.

const AT_NULL = 0;
const AT_PHDR = 3;
const AT_PHENT = 4;
const AT_PHNUM = 5;
const AT_PAGESZ = 6;
const AT_SECURE = 23;

/** Whether the loader took the program for privileged; undefined where the vector does not say. In this machine's byte order, which is little. */
export function secureOfAuxv(bytes: Buffer): boolean | undefined {
  // A 32-bit program has a vector of 32-bit words, and nothing says which one it is.
  for (const word of [8, 4]) {
    const vector = vectorOf(bytes, word);
    const page = vector.get(AT_PAGESZ);
    if (page === undefined || page < 4096 || !Number.isInteger(Math.log2(page))) continue;
    const secure = vector.get(AT_SECURE);
    if (secure !== undefined) return secure !== 0;
  }
  return undefined;
}

/** Where the program's headers are in its memory, and how many bytes its words have. */
export interface HeadersPlace {
  readonly address: bigint;
  readonly entry: number;
  readonly count: number;
  readonly word: 4 | 8;
}

export function headersOfAuxv(bytes: Buffer): HeadersPlace | undefined {
  for (const word of [8, 4] as const) {
    const vector = vectorOf(bytes, word);
    const [address, entry, count] = [AT_PHDR, AT_PHENT, AT_PHNUM].map((tag) => vector.get(tag));
    if (address === undefined || count === undefined || entry !== (word === 8 ? 56 : 32)) continue;
    return { address: BigInt(address), entry, count, word };
  }
  return undefined;
}

function vectorOf(bytes: Buffer, word: number): ReadonlyMap<number, number> {
  const vector = new Map<number, number>();
  const at = (place: number): number =>
    word === 4 ? bytes.readUInt32LE(place) : bytes.readUInt32LE(place) + bytes.readUInt32LE(place + 4) * 2 ** 32;
  for (let place = 0; place + 2 * word <= bytes.length; place += 2 * word) {
    const tag = at(place);
    if (tag === AT_NULL) break;
    vector.set(tag, at(place + word));
  }
  return vector;
}
