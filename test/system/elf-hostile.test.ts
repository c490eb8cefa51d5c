// The ELF reader on files that are cut, damaged or made to keep it busy: it never throws, and its work has an end.
import { readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { incompatibilities } from "../../src/core/elf/abi-compat.ts";
import { Tag } from "../../src/core/elf/image.ts";
import { readElf } from "../../src/core/elf/read-elf.ts";
import { bytesSource, READ_LIMIT } from "../../src/core/elf/reader.ts";
import { symbols } from "../../src/core/elf/symbols.ts";
import type { ElfFile, ElfSource } from "../../src/core/elf/types.ts";
import { nativeFolder } from "../../src/core/native.ts";
import { BASE, craft, LAYOUTS, type Wish } from "../core/elf-image.ts";

const ours = readFileSync(path.join(nativeFolder(), "libportreserve.so"));
const WANTED = new Set(["bind", "maybe", "portreserve_shim", "bindresvport"]);
const HASHES = ["sysv", "gnu", "gnu-empty", "none"] as const;
const LITTLE_64 = LAYOUTS[1];

function fileOf(bytes: Uint8Array): ElfFile {
  const file = readElf(bytesSource(bytes));
  if ("fault" in file) throw new Error(file.reason);
  return file;
}

const tags = (...pairs: readonly (readonly [number, number | undefined])[]): Partial<Wish> => ({
  tags: new Map(pairs),
});

test("takes no cut of our shim for a whole file", () => {
  const { loads } = fileOf(ours).image;
  const end = Math.max(...loads.map(({ offset, size }) => offset + size));
  expect(end).toBeGreaterThan(1000);
  for (let length = 0; length <= ours.length; length += 1) {
    const file = readElf(bytesSource(ours.subarray(0, length)));
    const fault = "fault" in file ? file.fault : "none";
    expect({ length, fault }).toEqual({ length, fault: length < 4 ? "not-elf" : length < end ? "truncated" : "none" });
  }
  expect(readElf(bytesSource(ours.subarray(0, end - 1)))).toEqual({
    fault: "truncated",
    reason: `is truncated: its segments end at byte ${end}, and it has ${end - 1}`,
  });
});

test("sees that a file shrinks while it is read", () => {
  const whole = craft({ ...LITTLE_64, hash: "sysv" });
  const shrunk: ElfSource = {
    size: whole.length,
    read: (offset, length) => whole.subarray(offset, Math.min(100, offset + length)),
  };
  expect(readElf(shrunk)).toEqual({
    fault: "truncated",
    reason: "is truncated: its program headers end at byte 232, and it has 100",
  });
});

test("never throws and never reads on and on, whatever bytes are damaged", () => {
  const originals = [ours, ...LAYOUTS.flatMap((layout) => HASHES.map((hash) => craft({ ...layout, hash })))];
  const value = fc.oneof(fc.constantFrom(0, 1, 2, 0x7f, 0x80, 0xff), fc.integer({ min: 0, max: 255 }));
  const place = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: ours.length }));
  const damage = fc.array(fc.tuple(place, value), { minLength: 1, maxLength: 6 });
  const seen = new Set<string>();
  const libc = fileOf(craft({ ...LITTLE_64, hash: "gnu" }));
  fc.assert(
    fc.property(fc.constantFrom(...originals), damage, (original, changes) => {
      const bytes = Uint8Array.from(original);
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
      let read = 0;
      const source: ElfSource = {
        size: bytes.length,
        read: (offset, length) => {
          const answer = bytes.subarray(offset, offset + length);
          read += answer.length;
          return answer;
        },
      };
      const file = readElf(source);
      if ("fault" in file) {
        seen.add(file.fault);
        expect(file.reason).toMatch(/^is (not an ELF file|(truncated|malformed|not supported): .+)$/s);
        return;
      }
      const found = [symbols(file), symbols(file, WANTED)];
      for (const one of found) seen.add("fault" in one ? `symbols ${one.fault}` : "symbols");
      incompatibilities(file, libc);
      incompatibilities(libc, file);
      // A few hundred times the largest of these files, for seven calls.
      expect(read).toBeLessThan(2 ** 21);
    }),
    { numRuns: 5000 },
  );
  expect([...seen].sort()).toEqual(
    expect.arrayContaining(["malformed", "not-elf", "symbols", "symbols malformed", "truncated"]),
  );
});

test("reads any bytes behind a good beginning without throwing", () => {
  fc.assert(
    fc.property(fc.integer({ min: 4, max: 400 }), fc.uint8Array({ maxLength: 600 }), (kept, rest) => {
      const file = readElf(bytesSource(Buffer.concat([ours.subarray(0, kept), rest])));
      if (!("fault" in file)) symbols(file);
    }),
    { numRuns: 2000 },
  );
});

/** A huge file that begins with `start` and goes on with one byte, as cheap to make as a sparse one. */
function endless(start: Uint8Array, byte: number): { source: ElfSource; read: () => number; held: () => number } {
  let read = 0;
  let held = 0;
  const source: ElfSource = {
    size: 2 ** 40,
    read: (offset, length) => {
      read += length;
      held = Math.max(held, length);
      const bytes = Buffer.alloc(length, byte);
      if (offset < start.length) bytes.set(start.subarray(offset, offset + length));
      return bytes;
    },
  };
  return { source, read: () => read, held: () => held };
}

test("gives up on names that go on for gigabytes, having read and held no more than its limits", () => {
  const start = craft({ ...LITTLE_64, hash: "sysv", loadSize: 2 ** 40, ...tags([Tag.STRSZ, 2 ** 39]) });
  const { source, read, held } = endless(start, 0x61);
  const file = readElf(source);
  if ("fault" in file) throw new Error(file.reason);
  expect(symbols(file)).toMatchObject({ fault: "unsupported", reason: expect.stringContaining("its names are") });
  expect(read()).toBeLessThan(100_000);
  expect(symbols(file, WANTED)).toEqual({
    fault: "unsupported",
    reason: "is not supported: it takes reading more than 256 MiB",
  });
  expect(read()).toBeLessThan(READ_LIMIT + 2 ** 21);
  expect(held()).toBeLessThanOrEqual(2 ** 20);
});

test.each<[string, Partial<Wish>, number]>([
  ["chain of a hash table", { hash: "gnu", ...tags([Tag.GNU_HASH, BASE + 2 ** 30]) }, 2],
  ["list of relocations", { hash: "none", ...tags([Tag.RELASZ, 2 ** 39]) }, 0],
])("gives up on an endless %s, having read and held no more than its limits", (_, wish, byte) => {
  const start = craft({ ...LITTLE_64, hash: "gnu", loadSize: 2 ** 40, ...wish });
  const { source, read, held } = endless(start, byte);
  const file = readElf(source);
  if ("fault" in file) throw new Error(file.reason);
  const reason = "is not supported: it takes reading more than 256 MiB";
  expect(symbols(file)).toEqual({ fault: "unsupported", reason });
  expect(read()).toBeLessThan(READ_LIMIT + 2 ** 21);
  expect(held()).toBeLessThanOrEqual(2 ** 20);
});

/** A file that goes on with `more`, and uses it: `wish` gets the address of `more`. */
function extended(more: Buffer, wish: (address: number) => Partial<Wish>): Buffer {
  const plain = { ...LITTLE_64, hash: "sysv" } as const;
  const at = craft(plain).length + 64;
  const start = craft({ ...plain, loadSize: at + more.length, ...wish(BASE + at) });
  const bytes = Buffer.alloc(at + more.length);
  bytes.set(start);
  bytes.set(more, at);
  return bytes;
}

test.each([
  [32_000, undefined],
  [33_000, "is malformed: its needed versions are more than 32768"],
])("gives up on a chain of versions that is longer than any can be: %d of them", (count, reason) => {
  const chain = Buffer.alloc(32 * count);
  for (let index = 0; index < count; index += 1) {
    chain.writeUInt32LE(16, 32 * index + 8);
    chain.writeUInt32LE(index === count - 1 ? 0 : 32, 32 * index + 12);
  }
  const file = readElf(bytesSource(extended(chain, (address) => tags([Tag.VERNEED, address]))));
  expect("fault" in file ? file.reason : undefined).toBe(reason);
});

test("does not make gigabytes of text from one long name that many symbols end with", () => {
  const count = 100;
  const symtab = Buffer.alloc(24 * count);
  for (let index = 0; index < count; index += 1) {
    symtab.writeUInt32LE(index, 24 * index);
    symtab[24 * index + 4] = 0x12;
  }
  const strtab = Buffer.alloc(4 * 2 ** 20, 0x61);
  strtab[strtab.length - 1] = 0;
  const file = (symbolCount: number): ElfFile => {
    const hash = Buffer.alloc(8);
    hash.writeUInt32LE(symbolCount, 4);
    return fileOf(
      extended(Buffer.concat([hash, symtab, strtab]), (address) =>
        tags(
          ...([Tag.VERSYM, Tag.VERNEED, Tag.VERDEF] as const).map((tag) => [tag, undefined] as const),
          [Tag.HASH, address],
          [Tag.SYMTAB, address + 8],
          [Tag.STRTAB, address + 8 + symtab.length],
          [Tag.STRSZ, strtab.length],
        ),
      ),
    );
  };
  expect(symbols(file(10))).toHaveLength(10);
  expect(symbols(file(count))).toMatchObject({ fault: "unsupported" });
});
