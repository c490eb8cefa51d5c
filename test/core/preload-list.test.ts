// The preload list is edited without a change for any other library in it, and back again to the byte.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { conflictsNamed } from "../../src/core/preload-list/conflicts.ts";
import { loadedNames } from "../../src/core/preload-list/loaded.ts";
import { withEntry } from "../../src/core/preload-list/with-entry.ts";
import { withoutEntry } from "../../src/core/preload-list/without-entry.ts";
import { anyList, ENTRY, PECULIAR, plainList } from "./preload-list-lists.ts";
import { added, bytes, holdsForAnyList, names, shown } from "./preload-list-properties.ts";

// test/core/heavy/preload-list.test.ts tries many more.
holdsForAnyList(500);

// test/preload/preload-list-real.test.ts asks the real ld.so the same.
it.each(PECULIAR)("ld.so loads from %j: %j", (list, wanted) => {
  expect(loadedNames(bytes(list))).toEqual(wanted);
});

describe("adding the entry", () => {
  it.each([
    ["no file", undefined, `${ENTRY}\n`],
    ["an empty file", "", `${ENTRY} \n`],
    ["a list that ends with a newline", "/a.so\n", `/a.so\n${ENTRY}\n`],
    ["a list that does not", "/a.so", `/a.so\n${ENTRY} \n`],
    ["a list that ends within a comment", "/a.so #", `/a.so #\n${ENTRY} \n`],
    ["a list with one comment", "# a\n/a.so\n", `# a\n/a.so\n${ENTRY}\n`],
    ["comments that ld.so reads as names, which a longer list would hide", "#\n#a /b", `#\n${ENTRY}\n#a /b`],
    ["bytes that ld.so does not reach", "/a.so\n\0\0\0", `${ENTRY}\n/a.so\n\0\0\0`],
    ["the same, behind comments", "# a\n# b\n/a.so\n\0", `# a\n# b\n${ENTRY}\n/a.so\n\0`],
    ["the same, in front of a comment", "/a.so\n\0\n# a\n", `${ENTRY}\n/a.so\n\0\n# a\n`],
    ["the entry in a comment", `# ${ENTRY}\n`, `# ${ENTRY}\n${ENTRY}\n`],
    ["the entry once", `/a.so:${ENTRY}`, `/a.so:${ENTRY}`],
    ["the entry several times", `/a ${ENTRY}\n${ENTRY}\n/b ${ENTRY}:${ENTRY} /c`, `/a ${ENTRY}\n/b /c`],
  ])("finds the place in %s", (_, list, wanted) => {
    expect(shown(added(list === undefined ? undefined : bytes(list)))).toBe(wanted);
  });

  it("says so where there is no place", () => {
    expect(withEntry(bytes("\0#\n\n#b/c"), ENTRY)).toEqual({ outcome: "no place" });
  });

  it("is not put where it would only wake another mention, which would go in its place", () => {
    const list = `${ENTRY.slice(5)}#${ENTRY}x\n#\0\n#\n${ENTRY}\0:`;
    const edited = added(bytes(list));
    expect(shown(edited)).not.toContain(`:\n${ENTRY}`);
    expect(shown(withoutEntry(edited, ENTRY))).toBe(list);
  });

  it("leaves a list that the next 'echo >>' does not spoil", () => {
    fc.assert(
      fc.property(plainList, (list) => {
        const edited = added(bytes(list));
        const line = "/none/lib/next.so\n";
        fc.pre(edited !== undefined && !list.includes("#"));
        expect(names(bytes(shown(edited) + line))).toEqual([...names(edited), "/none/lib/next.so"]);
      }),
    );
  });
});

describe("removing the entry", () => {
  it.each([
    ["the whole file", `${ENTRY}\n`, undefined],
    ["the whole file, where it was written twice", `${ENTRY}\n${ENTRY}\n`, undefined],
    ["all of an empty file", `${ENTRY} \n`, ""],
    ["all of a file by hand", ENTRY, ""],
    ["its line", `/a.so\n${ENTRY}\n/b.so\n`, "/a.so\n/b.so\n"],
    ["its line with the blanks on it", `/a.so\n \t${ENTRY} \t\n/b.so\n`, "/a.so\n/b.so\n"],
    ["its line with the mark, where another line was appended", `/a.so\n${ENTRY} \n/b.so\n`, "/a.so\n/b.so\n"],
    ["no other empty line with the mark", `/a.so\n\n${ENTRY} \n/b.so\n`, "/a.so\n\n/b.so\n"],
    ["its line alone where a space behind it is no mark", `/a.so\n\t${ENTRY} \n`, "/a.so\n"],
    ["its line at the end", `/a.so\n${ENTRY}`, "/a.so\n"],
    ["the name from the middle of a line", `/a.so ${ENTRY} /b.so\n`, "/a.so /b.so\n"],
    ["the name from the start of a line", `/a.so\n${ENTRY} /b.so\n`, "/a.so\n/b.so\n"],
    ["the name from the end of a line", `/a.so ${ENTRY}\n/b.so\n`, "/a.so\n/b.so\n"],
    ["the name behind a colon", `/a.so:${ENTRY}`, "/a.so"],
    ["the name in front of a comment", `${ENTRY} # ours\n/b.so\n`, "# ours\n/b.so\n"],
    ["the name in front of a NUL", `${ENTRY}\0/a.so`, `${" ".repeat(ENTRY.length)}\0/a.so`],
    ["every occurrence", `${ENTRY}\n/a.so ${ENTRY}\n${ENTRY}:/b.so\n`, "/a.so\n/b.so\n"],
    ["nothing where it is in a comment only", `/a.so # ${ENTRY}\n`, `/a.so # ${ENTRY}\n`],
  ])("takes away %s", (_, list, wanted) => {
    expect(shown(withoutEntry(bytes(list), ENTRY))).toBe(wanted);
  });

  it("leaves no file where there was none", () => {
    expect(withoutEntry(undefined, ENTRY)).toBeUndefined();
    expect(withoutEntry(added(undefined), ENTRY)).toBeUndefined();
  });
});

describe("strangers", () => {
  it("are the names of our library that are not our entry, each with its place", () => {
    const list = `# libportreserve.so\n/a.so:libportreserve.so ${ENTRY}\n\t/usr/lib/libportreserve.so /libportreserve.so.1\nxlibportreserve.so`;
    expect(conflictsNamed(bytes(list), ENTRY)).toEqual([
      { name: "libportreserve.so", line: 2, column: 7 },
      { name: "/usr/lib/libportreserve.so", line: 3, column: 2 },
    ]);
  });

  it("stay strangers when the entry is added and removed", () => {
    fc.assert(
      fc.property(anyList, (list) => {
        const edited = added(list);
        fc.pre(edited !== undefined);
        const named = (text: Uint8Array) => conflictsNamed(text, ENTRY).map(({ name }) => name);
        expect(named(edited)).toEqual(named(list));
        expect(named(withoutEntry(edited, ENTRY) ?? bytes(""))).toEqual(named(list));
      }),
    );
  });
});
