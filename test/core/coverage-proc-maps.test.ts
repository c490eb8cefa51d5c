// The list of a process's mappings, whose paths may hold whatever a file name may.
import { describe, expect, test } from "vitest";
import {
  eachCode,
  lineAround,
  parseMapping,
  parseMaps,
  pathsMeant,
  withoutDeletedMark,
} from "../../src/observe/processes/maps.ts";
import { copiesOf, isWithin, leadsTo, worst } from "../../src/observe/processes/slots/slot-target.ts";

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");

const MAPS = `55d0c0000000-55d0c0002000 r--p 00000000 fe:00 123                        /bin/a
55d0c0002000-55d0c0004000 r-xp 00002000 fe:00 123                        /bin/a
55d0c1000000-55d0c1021000 rw-p 00000000 00:00 0                          [heap]
7f0000000000-7f0000001000 rwxp 00000000 00:00 0 
7f0000001000-7f0000002000 r-xs 00000000 00:05 9                          /dev/zero (deleted)
7f0000002000-7f0000003000 --xp 00000000 103:0a 18446744073709551615      /x\\012 r-xp 0 00:00 7 /y (deleted)
7f0000003000-7f0000004000 r--p 00000000 fe:00 5                          /z r-xp x
7ffd00000000-7ffd00002000 r-xp 00000000 00:00 0                          [vdso]
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
`;

function code(maps: string): readonly string[] {
  const found: string[] = [];
  const all = bytes(maps);
  eachCode(all, ({ start, rangeEnd, file, end }) => {
    found.push(`${all.toString("latin1", start, rangeEnd)} | ${all.toString("latin1", file, end).replace(/ +/g, " ")}`);
  });
  return found;
}

test("finds the files that code is run from, by their permissions alone", () => {
  expect(code(MAPS)).toEqual([
    "55d0c0002000-55d0c0004000 | fe:00 123 /bin/a",
    "7f0000001000-7f0000002000 | 00:05 9 /dev/zero (deleted)",
    "7f0000002000-7f0000003000 | 103:0a 18446744073709551615 /x\\012 r-xp 0 00:00 7 /y (deleted)",
  ]);
});

test("finds the same in whatever pieces of whole lines it comes", () => {
  expect(MAPS.split(/(?<=\n)/).flatMap(code)).toEqual(code(MAPS));
  expect(code(MAPS.slice(0, -1))).toEqual(code(MAPS));
});

test.each(["", "\n", "x", "r-xp", "a-b", "a-b rwx", " ".repeat(9), "\n\n\n"])("survives %j", (text) => {
  expect(() => code(text)).not.toThrow();
  expect(parseMaps(bytes(text))).toEqual([]);
});

test("reads every part of a line", () => {
  expect(
    parseMapping("00400000-00401000 r-xp 00001000 08:01 77                                 /a  b (deleted)"),
  ).toEqual({
    start: 0x400000n,
    end: 0x401000n,
    range: "00400000-00401000",
    executable: true,
    offset: 0x1000n,
    file: { device: "08:01", inode: "77", path: "/a  b (deleted)" },
  });
  expect(parseMaps(bytes(MAPS)).map(({ executable, file }) => [executable, file?.path])).toEqual([
    [false, "/bin/a"],
    [true, "/bin/a"],
    [false, undefined],
    [true, undefined],
    [true, "/dev/zero (deleted)"],
    [true, "/x\\012 r-xp 0 00:00 7 /y (deleted)"],
    [false, "/z r-xp x"],
    [true, undefined],
    [true, undefined],
  ]);
});

test("knows what a path may mean", () => {
  expect(pathsMeant("/a b")).toEqual(["/a b"]);
  expect(pathsMeant("/a\\012b")).toEqual(["/a\nb", "/a\\012b"]);
  expect(["/a (deleted)", "/a (deleted) (deleted)", "/a"].map(withoutDeletedMark)).toEqual([
    "/a",
    "/a (deleted)",
    "/a",
  ]);
});

test("finds the line around a place", () => {
  expect(lineAround(bytes("one\ntwo\nthree"), 5)).toBe("two");
  expect(lineAround(bytes("one\ntwo\nthree"), 0)).toBe("one");
  expect(lineAround(bytes("one\ntwo\nthree"), 12)).toBe("three");
});

describe("where a call leads", () => {
  const lines = (text: string) => parseMaps(bytes(text));
  const shim = lines("1000-2000 r--p 00000000 fe:00 1 /s\n2000-3000 r-xp 00001000 fe:00 1 /s\n");
  const own = lines(
    "a000-b000 r--p 00000000 fe:00 2 /t\nb000-c000 r-xp 00001000 fe:00 2 /t\n1a000-1c000 r-xp 00000000 fe:00 2 /t\n",
  );
  const copies = copiesOf(own, 0, 0);
  const [copy = { base: 0n, mappings: [] }] = copies;

  test("has a copy for each time that the file is loaded", () => {
    expect(copies.map(({ base }) => base)).toEqual([0xa000n, 0x1a000n]);
    expect(copiesOf(own, 0x1000, 0x1000).map(({ base }) => base)).toEqual([0xa000n]);
    expect([0x9fffn, 0xa000n, 0xbfffn, 0xc000n].map((address) => isWithin(own, address))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  test.each([
    ["the shim's code", 0x2abcn, 0n, "shim"],
    ["the shim's data, which is no code", 0x1abcn, 0n, "other"],
    ["another library", 0x77777n, 0x1036n, "other"],
    ["its own stub, as the loader left it", 0xb036n, 0x1036n, "not yet"],
    ["its own stub, not even moved", 0x1036n, 0x1036n, "not yet"],
    ["its own code, where the file has no stub", 0xb036n, 0n, "other"],
    ["its own code, which is not the stub", 0xb040n, 0x1036n, "other"],
    ["nothing", 0n, 0n, "not yet"],
  ] as const)("is told for %s", (_, word, initial, expected) => {
    expect(leadsTo(word, initial, copy, shim)).toBe(expected);
  });

  test("is as bad as the worst of several", () => {
    const unseen = { unseen: "x", rootWould: true };
    expect(worst(["shim", "not yet", unseen, "other"])).toBe("other");
    expect(worst(["shim", "not yet", unseen])).toBe(unseen);
    expect(worst(["shim", "not yet"])).toBe("not yet");
    expect(worst(["shim", "shim"])).toBe("shim");
    expect(worst([])).toBeUndefined();
  });
});
