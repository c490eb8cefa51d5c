// Makes small shared objects byte by byte: any class and byte order, and whatever wrong numbers a test wants in them.
import { Tag } from "../../src/core/elf/image.ts";
import type { Layout } from "../../src/core/elf/types.ts";

export interface Wish extends Layout {
  readonly machine: number;
  /** Which hash table counts the symbols. `gnu-empty`: one that finds none, so that the relocations count. */
  readonly hash: "sysv" | "gnu" | "gnu-empty" | "none";
  /** Values of tags instead of the true ones, undefined to leave one out. */
  readonly tags?: ReadonlyMap<number, number | undefined>;
  /** Bytes of the file in the segment, instead of all of them. */
  readonly loadSize?: number;
  readonly programHeaders?: number;
}

const EM_386 = 3;
const EM_PPC = 20;
const EM_S390 = 22;
const EM_X86_64 = 62;

export const LAYOUTS = [
  { bits: 32, byteOrder: "little", machine: EM_386 },
  { bits: 64, byteOrder: "little", machine: EM_X86_64 },
  { bits: 32, byteOrder: "big", machine: EM_PPC },
  { bits: 64, byteOrder: "big", machine: EM_S390 },
] as const;

/** Where byte 0 of the file is mapped. */
export const BASE = 0x40000;

const NAMES = ["", "libc.so.6", "libmade.so", "GLIBC_2.5", "MADE_1", "bind", "maybe", "portreserve_shim"];
const nameTable = Buffer.from(`${NAMES.join("\0")}\0`, "latin1");
const nameAt = (name: string): number => nameTable.indexOf(`${name}\0`, name === "" ? 0 : 1, "latin1");

type Field = readonly [size: 1 | 2 | 4 | 8, value: number];

/** Needs bind@GLIBC_2.5 of libc.so.6 and perhaps `maybe`, and defines portreserve_shim@@MADE_1. */
export function craft(wish: Wish): Uint8Array {
  const wide = wish.bits === 64;
  const word = (value: number): Field => [wide ? 8 : 4, value];
  const bytes = (fields: readonly Field[]): Buffer => {
    const all = fields.map(([size, value]) => {
      const digits = Buffer.alloc(size);
      for (let at = 0; at < size; at += 1) digits[at] = Math.floor(value / 2 ** (8 * at)) % 256;
      return wish.byteOrder === "little" ? digits : digits.reverse();
    });
    return Buffer.concat(all);
  };

  const parts: { place: number; content: Buffer }[] = [];
  let end = 512;
  /** Appends a part and gives its address. */
  const put = (content: Buffer): number => {
    const place = end;
    parts.push({ place, content });
    end += Math.ceil(content.length / 8) * 8;
    return BASE + place;
  };

  const symbol = (name: string, info: number, section: number): Buffer =>
    wide
      ? bytes([
          [4, nameAt(name)],
          [1, info],
          [1, 0],
          [2, section],
          [8, 0],
          [8, 0],
        ])
      : bytes([
          [4, nameAt(name)],
          [4, 0],
          [4, 0],
          [1, info],
          [1, 0],
          [2, section],
        ]);
  const symtab = put(
    Buffer.concat([
      symbol("", 0, 0),
      symbol("bind", 0x12, 0),
      symbol("maybe", 0x20, 0),
      symbol("portreserve_shim", 0x11, 1),
    ]),
  );
  const versym = put(
    bytes([
      [2, 0],
      [2, 3],
      [2, 1],
      [2, 2],
    ]),
  );
  const strtab = put(nameTable);
  const verneed = put(
    bytes([
      ...([
        [2, 1],
        [2, 1],
        [4, nameAt("libc.so.6")],
        [4, 16],
        [4, 0],
      ] as const),
      ...([
        [4, 0],
        [2, 0],
        [2, 3],
        [4, nameAt("GLIBC_2.5")],
        [4, 0],
      ] as const),
    ]),
  );
  const definition = (flags: number, index: number, name: string, next: number): Field[] => [
    ...([
      [2, 1],
      [2, flags],
      [2, index],
      [2, 1],
      [4, 0],
      [4, 20],
      [4, next],
    ] as const),
    ...([
      [4, nameAt(name)],
      [4, 0],
    ] as const),
  ];
  const verdef = put(bytes([...definition(1, 1, "libmade.so", 28), ...definition(0, 2, "MADE_1", 0)]));
  const hashWord = wish.machine === EM_S390 && wide ? 8 : 4;
  const sysvHash = put(bytes([1, 4, 3, 0, 2, 1, 0].map((value) => [hashWord, value])));
  const firstHashed = wish.hash === "gnu" ? 3 : 1;
  const gnuHash = put(
    bytes([[4, 1], [4, firstHashed], [4, 1], [4, 0], word(0), [4, wish.hash === "gnu" ? 3 : 0], [4, 1]]),
  );
  const info = (index: number): Field => (wide ? word(index * 2 ** 32 + 6) : word(index * 256 + 6));
  const relocation = (index: number): Field[] => [word(BASE), info(index), word(0)];
  const relocations = put(bytes([...relocation(3), ...relocation(1)]));

  const hashTag = wish.hash === "sysv" ? Tag.HASH : Tag.GNU_HASH;
  const tags = new Map<number, number | undefined>([
    [Tag.NEEDED, nameAt("libc.so.6")],
    [Tag.SONAME, nameAt("libmade.so")],
    [hashTag, wish.hash === "sysv" ? sysvHash : wish.hash === "none" ? undefined : gnuHash],
    [Tag.STRTAB, strtab],
    [Tag.STRSZ, nameTable.length],
    [Tag.SYMTAB, symtab],
    [Tag.SYMENT, wide ? 24 : 16],
    [Tag.RELA, relocations],
    [Tag.RELASZ, wide ? 48 : 24],
    [Tag.VERSYM, versym],
    [Tag.VERNEED, verneed],
    [Tag.VERDEF, verdef],
    ...(wish.tags ?? []),
    [Tag.NULL, 0],
  ]);
  const entries = [...tags].flatMap(([tag, value]) => (value === undefined ? [] : [word(tag), word(value)]));
  const dynamicBytes = bytes(entries);
  const dynamic = put(dynamicBytes);

  const header = (type: number, flags: number, address: number, size: number): Buffer =>
    wide
      ? bytes([[4, type], [4, flags], ...[address - BASE, address, address, size, size, 8].map((field) => word(field))])
      : bytes([[4, type], ...[address - BASE, address, address, size, size, flags, 4].map((field) => word(field))]);
  const headers = Buffer.concat([
    header(1, 4, BASE, wish.loadSize ?? end),
    header(2, 4, dynamic, dynamicBytes.length),
    header(0x6474e551, 6, BASE, 0),
  ]);
  const start = bytes([
    ...[0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, wish.byteOrder === "little" ? 1 : 2, 1].map((value): Field => [1, value]),
    ...new Array<Field>(9).fill([1, 0]),
    ...([[2, 3], [2, wish.machine], [4, 1], word(0), word(wide ? 64 : 52), word(0), [4, 0]] as const),
    ...([
      [2, wide ? 64 : 52],
      [2, wide ? 56 : 32],
      [2, wish.programHeaders ?? 3],
      [2, 0],
      [2, 0],
      [2, 0],
    ] as const),
  ]);
  const file = Buffer.alloc(end);
  start.copy(file);
  headers.copy(file, start.length);
  for (const { place, content } of parts) content.copy(file, place);
  return file;
}
