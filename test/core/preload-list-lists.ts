// Random preload lists: rich in what ld.so treats specially, in our entry, and in what resembles it.
import fc from "fast-check";

/** Not an existing file anywhere, so that ld.so names it on stderr when it tries to load it. */
export const ENTRY = "/none/$LIB/portreserve/libportreserve.so";

/** Where ld.so is peculiar, with the names it tries to load; observed with glibc 2.36. */
export const PECULIAR: readonly (readonly [list: string, names: readonly string[]])[] = [
  ["", []],
  ["a b\tc:d\ne", ["a", "b", "c", "d", "e"]],
  ["a#b c\nd\n", ["a", "d"]],
  ["#a\n#b\nc\n", ["c"]],
  ["#a\n#b\n#c\nd\n", ["#c", "d"]],
  ["a\n# a long comment\n# b\n", ["a", "#", "b"]],
  ["#\n#a b", ["b"]],
  ["a\0b c\nd\n", ["a"]],
  ["a\0b c\nd", ["a", "d"]],
  ["a \0b", ["a"]],
  ["\0", []],
  ["a\r\nb\r\n", ["a\r", "b\r"]],
  ["a a\na", ["a", "a", "a"]],
];

const SPECIAL = ["#", "#", "#", "\n", "\n", "\n", " ", "\t", ":"];
const NAMES = ["a", "b.so", "/none/c", ENTRY, ENTRY.slice(0, 7), ENTRY.slice(5), `${ENTRY}x`, "libportreserve.so"];
const LINES = [
  ...["/none/lib/libjemalloc.so.2", "/none/lib/libfoo.so /none/lib/libbar.so", "/none/lib/a.so # why", "  "],
  ...["# ours", "# added by the agent, which needs it: do not remove this line", "#/none/lib/old.so", `# ${ENTRY}`, ""],
];

const pieces = (kinds: readonly string[], maxLength: number): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...kinds), { maxLength, size: "max" }).map((parts) => parts.join(""));

/** What an administrator may have written. */
export const plainList = fc
  .tuple(fc.array(fc.constantFrom(...LINES), { maxLength: 12, size: "max" }), fc.constantFrom("", "\n"))
  .map(([lines, end]) => lines.join("\n") + end);

/** Lists without a NUL, which always have a place for our entry. */
export const listWithoutNul = fc.oneof(
  pieces([...SPECIAL, ...NAMES], 24),
  pieces([...SPECIAL, ...SPECIAL, ...NAMES], 120),
  plainList,
);

/** Printable but for the separators and NUL. */
export const printableList = fc.oneof(
  listWithoutNul,
  pieces([...SPECIAL, ...SPECIAL, ...NAMES, "\0"], 30),
  fc.tuple(plainList, pieces(["\0", "\0", "\n", "a"], 6), plainList).map((parts) => parts.join("")),
);

export const anyList = fc
  .oneof(
    printableList.map((text) => Buffer.from(text, "latin1")),
    fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
    fc
      .tuple(printableList, fc.uint8Array({ maxLength: 6 }), printableList)
      .map(([a, bytes, b]) => Buffer.concat([Buffer.from(a, "latin1"), bytes, Buffer.from(b, "latin1")])),
  )
  .map((buffer) => new Uint8Array(buffer));
