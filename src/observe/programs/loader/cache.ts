// The cache of glibc's loader, made by ldconfig: which file to load for a name.
import { latin1Of } from "../../../core/elf/image.ts";

/** One library that ldconfig found. */
export interface CacheEntry {
  readonly soname: string;
  readonly path: string;
  /** Kind and ABI, FLAG_* of glibc's <ldconfig.h>. */
  readonly flags: number;
  /** Only for processors that can do more than the ABI asks for (a folder of glibc-hwcaps and the like). */
  readonly isSpecial: boolean;
}

export interface LoaderCache {
  /** In the cache's order. */
  readonly entries: readonly CacheEntry[];
  /** Where a program of this ABI ("x86_64", as machineName has it) may find a library: for any processor first. */
  lookup(soname: string, abi: string): readonly string[];
}

const OLD_MAGIC = "ld.so-1.7.0";
const OLD_HEADER = 16;
const OLD_ENTRY = 12;

const MAGIC = "glibc-ld.so.cache1.1";
const HEADER = 48;
const ENTRY = 24;
const LITTLE = 2;
const BIG = 3;

/** Large hosts have some ten thousand. */
const ENTRIES_LIMIT = 1_000_000;

/** The kernel's limit for paths, in bytes. */
const TEXT_LIMIT = 4096;

/** How many times a cache's size its texts may come to: ldconfig writes each once, so they stay below its size. */
const TEXTS_LIMIT = 4;

const LIBC6 = 3;

/** Libraries that need no libc: of any ABI, and the loader tries them for each. */
const ANY = 1;

/** The flags that ldconfig gives libraries of an ABI, beside LIBC6; the ABIs that are not here have none. */
const ABI_FLAGS: Readonly<Record<string, readonly number[]>> = {
  sparc64: [0x0100],
  ia64: [0x0200],
  x86_64: [0x0300],
  s390x: [0x0400],
  ppc64: [0x0500],
  ppc64le: [0x0500],
  mips64: [0x0600, 0x0700, 0x0d00, 0x0e00],
  mips: [0, 0x0600, 0x0c00, 0x0d00],
  x32: [0x0800],
  arm: [0x0900, 0x0b00, 0],
  aarch64: [0x0a00],
  riscv64: [0x0f00, 0x1000],
  loongarch64: [0x1100, 0x1200],
};

/**
 * Undefined for bytes that are no such cache, or one whose texts come to much more than its size, and for one of before
 * 2000, which the loader no longer reads either.
 */
export function readLoaderCache(bytes: Uint8Array): LoaderCache | undefined {
  const start = startOf(bytes);
  if (start === undefined) return undefined;
  const cache = bytes.subarray(start);
  const view = new DataView(cache.buffer, cache.byteOffset, cache.byteLength);
  const order = view.getUint8(28);
  const count = (little: boolean): number => view.getUint32(20, little);
  // Caches of before glibc 2.33 leave the byte 0, and are of this machine: the other order makes huge counts.
  const little = order === LITTLE || (order !== BIG && count(true) <= count(false));
  const held = Math.floor((cache.length - HEADER) / ENTRY);
  if (count(little) > Math.min(held, ENTRIES_LIMIT)) return undefined;
  const entries: CacheEntry[] = [];
  // One text of which all others are parts takes a tenth of the time that a text for each takes.
  const texts = latin1Of(cache);
  let room = TEXTS_LIMIT * cache.length;
  for (let at = HEADER; at < HEADER + count(little) * ENTRY; at += ENTRY) {
    const soname = textAt(texts, view.getUint32(at + 4, little));
    const path = textAt(texts, view.getUint32(at + 8, little));
    if (soname === undefined || path === undefined) continue;
    // Entries that share one long text would make gigabytes of a few megabytes.
    room -= soname.length + path.length;
    if (room < 0) return undefined;
    const isSpecial = view.getUint32(at + 16, little) !== 0 || view.getUint32(at + 20, little) !== 0;
    entries.push({ soname, path, flags: view.getUint32(at, little), isSpecial });
  }
  return cacheOf(entries);
}

function cacheOf(entries: readonly CacheEntry[]): LoaderCache {
  const byName = new Map<string, CacheEntry[]>();
  for (const entry of entries) {
    const others = byName.get(entry.soname);
    if (others === undefined) byName.set(entry.soname, [entry]);
    else others.push(entry);
  }
  const answers = new Map<string, readonly string[]>();
  return {
    entries,
    lookup: (soname, abi) => {
      const before = answers.get(`${abi} ${soname}`);
      if (before !== undefined) return before;
      const flags = (Object.hasOwn(ABI_FLAGS, abi) ? ABI_FLAGS[abi] : undefined) ?? [0];
      const fitting = (byName.get(soname) ?? []).filter((entry) => fits(entry.flags, flags));
      const [special, plain] = [fitting.filter(({ isSpecial }) => isSpecial), fitting.filter((one) => !one.isSpecial)];
      const paths = [...plain, ...special].map(({ path }) => path);
      answers.set(`${abi} ${soname}`, paths);
      return paths;
    },
  };
}

function fits(flags: number, ofAbi: readonly number[]): boolean {
  return flags === ANY || ofAbi.some((flag) => (flag | LIBC6) === flags);
}

/** Where the cache begins: at once, or behind one of the old kind, for loaders that know only that. */
function startOf(bytes: Uint8Array): number | undefined {
  if (isAt(bytes, 0)) return 0;
  if (bytes.length < OLD_HEADER || latin1Of(bytes.subarray(0, OLD_MAGIC.length)) !== OLD_MAGIC) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const ends = [true, false].map((little) => OLD_HEADER + view.getUint32(12, little) * OLD_ENTRY);
  // Aligned as the machine that wrote it aligns 64-bit numbers.
  return ends.flatMap((end) => [Math.ceil(end / 8) * 8, Math.ceil(end / 4) * 4]).find((at) => isAt(bytes, at));
}

function isAt(bytes: Uint8Array, at: number): boolean {
  return at + HEADER <= bytes.length && latin1Of(bytes.subarray(at, at + MAGIC.length)) === MAGIC;
}

function textAt(texts: string, at: number): string | undefined {
  const part = texts.slice(at, at + TEXT_LIMIT);
  const end = part.indexOf("\0");
  return end < 0 ? undefined : part.slice(0, end);
}
