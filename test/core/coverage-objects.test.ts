// Which mapped objects count as loaded at the start, and facts of made ELF files of any class and byte order.
import { expect, test } from "vitest";
import { bytesSource } from "../../src/core/elf/reader.ts";
import type { ElfFacts, ObjectFacts } from "../../src/coverage/facts.ts";
import { loadedAtRunTime, type MappedObject } from "../../src/observe/processes/slots/run-time.ts";
import { elfFacts, slotsOf } from "../../src/observe/programs/elf-facts.ts";
import { elf } from "./coverage-facts.ts";
import { BASE } from "./elf-image.ts";
import { made } from "./elf-made.ts";

test.each([
  [32, "little"],
  [64, "little"],
  [32, "big"],
  [64, "big"],
] as const)("knows calls, definitions and slots of a file of %i bits, %s end first", (bits, byteOrder) => {
  const source = bytesSource(made(bits, byteOrder));
  expect(elfFacts(source)).toEqual({
    abi: bits === 64 ? "x86_64" : "i386",
    isProgram: false,
    isStatic: false,
    interpreter: undefined,
    soname: "libmade.so",
    needed: ["libc.so.6"],
    calls: ["rcmd@GLIBC_2.5"],
    defines: ["bindresvport_sa@MADE_1"],
    interposable: ["bindresvport_sa@MADE_1"],
    contains: undefined,
    isGo: false,
    marker: undefined,
  });
  expect(slotsOf(source)).toEqual({
    slots: [
      { symbol: "rcmd@GLIBC_2.5", address: BASE, bytes: bits / 8 },
      { symbol: "bindresvport_sa@MADE_1", address: BASE, bytes: bits / 8 },
    ],
    firstLoad: BASE,
    firstOffset: 0,
  });
});

test("does not guess the slots of a machine that it does not know", () => {
  const source = bytesSource(made(32, "big", 8));
  expect(elfFacts(source)).toMatchObject({ abi: "mips", calls: ["rcmd@GLIBC_2.5"], interposable: [] });
  expect(slotsOf(source)).toEqual({ unseen: "the slots of mips are not known", rootWould: false });
});

test("takes what is no ELF file for none, and a cut one for unseen", () => {
  expect(elfFacts(bytesSource(Buffer.from("#!/bin/sh\n")))).toBeUndefined();
  expect(slotsOf(bytesSource(Buffer.alloc(0)))).toBeUndefined();
  expect(elfFacts(bytesSource(made(64, "little").subarray(0, 600)))).toEqual({
    unseen: expect.stringMatching(/^its file is truncated: its segments end at byte \d+, and it has 600$/),
    rootWould: false,
  });
});

function mapped(file: string, facts: Partial<ElfFacts> | ObjectFacts["elf"] = {}): MappedObject {
  const isFault = facts !== undefined && "unseen" in facts;
  return { key: file, facts: { path: file, elf: isFault ? facts : elf(facts) } };
}

const glibc = [
  mapped("/usr/lib/libc.so.6", { soname: "libc.so.6", needed: ["ld-linux-x86-64.so.2"] }),
  mapped("/usr/lib/ld-2.31.so", { soname: "ld-linux-x86-64.so.2" }),
];
const program = mapped("/usr/sbin/daemon", {
  isProgram: true,
  interpreter: "/lib64/ld-linux-x86-64.so.2",
  needed: ["libone.so.1", "/opt/libpath.so", "libc.so.6"],
});
const one = mapped("/usr/lib/libone.so.1.2.3", { soname: "libone.so.1", needed: ["libtwo.so"] });

function late(...objects: readonly MappedObject[]): readonly string[] {
  return [...loadedAtRunTime(objects, program.key)];
}

test("counts what the program needs, by soname or file name, as loaded at the start, and the loader and the shim", () => {
  const shim = mapped("/usr/lib/libportreserve.so", { marker: "portreserve 0.1.0 table 1" });
  const all = [program, one, mapped("/usr/lib/libtwo.so"), mapped("/opt/libpath.so"), ...glibc, shim];
  expect(late(...all)).toEqual([]);
});

test("counts everything else as loaded at run time, also what only that needs, and what cannot be read", () => {
  const plugin = mapped("/usr/lib/plugin.so", { needed: ["libthree.so.3"] });
  const three = mapped("/usr/lib/libthree.so.3", { soname: "libthree.so.3" });
  const unseen = mapped("/usr/lib/libfour.so", { unseen: "it may not be read", rootWould: true });
  const fonts = { key: "fonts", facts: { path: "/usr/share/font", elf: undefined } };
  expect(late(program, one, ...glibc, plugin, three, unseen, fonts)).toEqual([plugin.key, three.key, unseen.key]);
});

test("does not take a second file of a needed name for one that was loaded at the start", () => {
  const other = mapped("/opt/plugins/libone.so.1", { soname: "libone.so.1" });
  expect(late(program, one, ...glibc)).toEqual([]);
  expect(late(program, one, other, ...glibc)).toEqual([one.key, other.key]);
});

test("knows musl's loader by its other name", () => {
  const musl = mapped("/usr/lib/x86_64-linux-musl/libc.so", { soname: "libc.so" });
  const daemon = mapped(program.key, { isProgram: true, interpreter: "/lib/ld-musl-x86_64.so.1", needed: [] });
  expect(late(daemon, musl)).toEqual([]);
});

test("counts everything as loaded at run time where the program itself cannot be read", () => {
  const unread = mapped(program.key, { unseen: "it may not be read", rootWould: true });
  expect(late(unread, one)).toEqual([one.key]);
  expect(late(one)).toEqual([one.key]);
});
