// The ELF reader on made files of each layout, right and wrong.
import { expect, test } from "vitest";
import { Tag } from "../../src/core/elf/image.ts";
import { machineName } from "../../src/core/elf/machine.ts";
import { readElf } from "../../src/core/elf/read-elf.ts";
import { bytesSource } from "../../src/core/elf/reader.ts";
import { symbols } from "../../src/core/elf/symbols.ts";
import type { ElfFile } from "../../src/core/elf/types.ts";
import { BASE, craft, LAYOUTS, type Wish } from "./elf-image.ts";

const HASHES = ["sysv", "gnu", "gnu-empty", "none"] as const;
const [LITTLE_32, LITTLE_64, BIG_32, BIG_64] = LAYOUTS;

function fileOf(bytes: Uint8Array): ElfFile {
  const file = readElf(bytesSource(bytes));
  if ("fault" in file) throw new Error(file.reason);
  return file;
}

/** Why a made file cannot be read, or its symbols cannot. */
function reasonFor(wish: Partial<Wish>): string | undefined {
  const file = readElf(bytesSource(craft({ ...LITTLE_64, hash: "sysv", ...wish })));
  if ("fault" in file) return file.reason;
  const found = symbols(file);
  return "fault" in found ? found.reason : undefined;
}

const tags = (...pairs: readonly [number, number | undefined][]): Partial<Wish> => ({ tags: new Map(pairs) });

test.each(LAYOUTS.flatMap((layout) => HASHES.map((hash) => ({ ...layout, hash }))))(
  "reads a file of $bits bits, $byteOrder end first, its symbols counted by: $hash",
  (wish) => {
    const { image, ...file } = fileOf(craft(wish));
    expect(file).toEqual({
      bits: wish.bits,
      byteOrder: wish.byteOrder,
      machine: wish.machine,
      type: "shared",
      isPie: false,
      isStatic: false,
      stack: "plain",
      needed: ["libc.so.6"],
      soname: "libmade.so",
      isSymbolic: false,
      hasTextRelocations: false,
      versionsNeeded: [{ file: "libc.so.6", version: "GLIBC_2.5", weak: false }],
      versionsDefined: ["MADE_1"],
    });
    const bind = { name: "bind", kind: "function", defined: false, weak: false, version: "GLIBC_2.5", hidden: false };
    const maybe = { name: "maybe", kind: "none", defined: false, weak: true, hidden: false };
    const name = "portreserve_shim";
    const shim = { name, kind: "object", defined: true, weak: false, version: "MADE_1", hidden: false };
    const whole = { ...file, image };
    expect(symbols(whole)).toEqual([bind, maybe, shim]);
    expect(symbols(whole, new Set(["portreserve_shim", "bind", "bindresvport"]))).toEqual([bind, shim]);
    expect(symbols(whole, new Set(["bindresvport"]))).toEqual([]);
    // The end of a name is a name of its own only where a symbol uses it.
    expect(symbols(whole, new Set(["shim", "ind"]))).toEqual([]);
  },
);

test.each([
  [LITTLE_32, "i386"],
  [LITTLE_64, "x86_64"],
  [{ ...LITTLE_64, bits: 32 }, "x32"],
  [BIG_32, "ppc"],
  [BIG_64, "s390x"],
  [{ ...LITTLE_64, machine: 183 }, "aarch64"],
  [{ ...LITTLE_64, machine: 243 }, "riscv64"],
  [{ ...LITTLE_64, machine: 21 }, "ppc64le"],
  [{ ...BIG_64, machine: 21 }, "ppc64"],
  [{ ...LITTLE_32, machine: 40 }, "arm"],
  [{ ...LITTLE_32, machine: 777 }, "machine 777"],
] as const)("names the machine of %o", (abi, name) => {
  expect(machineName(abi)).toBe(name);
});

test.each<[string, Partial<Wish>, string]>([
  ["a segment without end", { loadSize: 2 ** 60 }, "is truncated: its segments end beyond any file, and it has"],
  ["65535 program headers", { programHeaders: 65_535 }, "is not supported: it has 65535 program headers"],
  ["names beyond the file", tags([Tag.STRSZ, 1e9]), "is malformed: its names at address 0x40268 are not within"],
  [
    "names at no address",
    tags([Tag.STRTAB, 16]),
    "is malformed: its names at address 0x10 are not within its segments",
  ],
  [
    "names at an address above 2^53 are not within",
    tags([Tag.STRTAB, 2 ** 63]),
    "is malformed: its names at address above 2^53 are not within",
  ],
  ["no names", tags([Tag.STRTAB, undefined]), "is malformed: it uses a name at byte"],
  ["names cut short", tags([Tag.STRSZ, 20]), "is malformed: it uses a name at byte"],
  [
    "a name without end",
    tags([Tag.STRSZ, 15], [Tag.VERNEED, undefined], [Tag.VERDEF, undefined]),
    "is malformed: its last name has no end",
  ],
  ["a name beyond the names", tags([Tag.SONAME, 67]), "is malformed: it uses a name at byte 67 of 67 bytes of names"],
  [
    "symbols at no address",
    tags([Tag.SYMTAB, 16]),
    "is malformed: its symbols at address 0x10 are not within its segments",
  ],
  ["symbols of a wrong size", tags([Tag.SYMENT, 16]), "is malformed: its symbols are of 16 bytes each, not 24"],
  [
    "a hash table of code",
    tags([Tag.HASH, BASE]),
    "is malformed: its symbols at address 0x40200 are not within its segments",
  ],
  ["needed versions of garbage", tags([Tag.VERNEED, BASE]), "is malformed: "],
  ["versions of garbage", tags([Tag.VERDEF, BASE]), "is malformed: "],
  [
    "no needed versions",
    tags([Tag.VERNEED, undefined]),
    "is malformed: it gives a symbol version 3, which it neither needs",
  ],
])("says what is wrong with %s", (_, wish, reason) => {
  expect(reasonFor(wish)).toMatch(new RegExp(`^${reason.replace(/[\^$()[\]+*?.]/g, "\\$&")}`));
  expect(reasonFor({})).toBeUndefined();
});
