// A planned change as people read it: a unified diff that says just what changes.
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Change } from "../../src/core/install/change.ts";
import { diffOf } from "../../src/core/install/diff.ts";

const text = (change: Change): string =>
  diffOf(change, "/dev/null")
    .map((line) => line.text)
    .join("\n");
const write = (old: string | undefined, now: string): Change => ({
  kind: "write-file",
  path: "/etc/x",
  bytes: Buffer.from(now),
  mode: 0o644,
  old: old === undefined ? undefined : Buffer.from(old),
});

test.each([
  ["a new file", write(undefined, "a\n"), "--- /dev/null\n+++ /etc/x\n@@ -0,0 +1,1 @@\n+a"],
  [
    "a file that goes",
    { kind: "remove", path: "/etc/x", old: Buffer.from("a\n") },
    "--- /etc/x\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-a",
  ],
  [
    "a line among others",
    write("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nnew\n6\n7\n8\n9\n"),
    "--- /etc/x\n+++ /etc/x\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+new\n 6\n 7\n 8",
  ],
  [
    "a newline at the end",
    write("a", "a\n"),
    "--- /etc/x\n+++ /etc/x\n@@ -1,1 +1,1 @@\n-a\n\\ no newline at end of file\n+a",
  ],
  [
    "a mode that changes too",
    { ...write("a\n", "b\n"), oldMode: 0o600 } as Change,
    "old mode 0600\nnew mode 0644\n--- /etc/x\n+++ /etc/x\n@@ -1,1 +1,1 @@\n-a\n+b",
  ],
  ["only a mode", write("a\n", "a\n"), "--- /etc/x\n+++ /etc/x\n(mode 0644)"],
  ["no text", write("a\0", "bcd\0"), "--- /etc/x\n+++ /etc/x\n(2 bytes -> 4 bytes, mode 0644)"],
  ["a link", { kind: "make-link", path: "/etc/l", target: "/t" }, "+ link '/etc/l' to '/t'"],
  ["a link that goes", { kind: "remove", path: "/etc/l", old: undefined }, "- link '/etc/l'"],
  ["a folder", { kind: "make-folder", path: "/etc/f" }, "+ folder '/etc/f'"],
] as const satisfies readonly (readonly [string, Change, string])[])("shows %s", (_, change, shown) => {
  expect(text(change)).toBe(shown);
});

/** What a reader of the diff would make of the old lines. */
function applied(old: readonly string[], diff: readonly string[]): readonly string[] {
  const [, , place = "", ...lines] = diff;
  if (place.startsWith("(")) return old;
  const [, from = "", count = ""] = /^@@ -(\d+),(\d+) /.exec(place) ?? [];
  const start = count === "0" ? Number(from) : Number(from) - 1;
  const kept = lines.filter((line) => !line.startsWith("-")).map((line) => line.slice(1));
  const gone = lines.filter((line) => !line.startsWith("+")).map((line) => line.slice(1));
  expect(old.slice(start, start + Number(count))).toEqual(gone);
  return [...old.slice(0, start), ...kept, ...old.slice(start + Number(count))];
}

test("applied to the old lines gives the new ones, whatever they are", () => {
  const lines = fc.array(fc.constantFrom("a", "b", "+", "-", " ", ""), { maxLength: 12 });
  fc.assert(
    fc.property(lines, lines, (old, now) => {
      const change = write(old.map((line) => `${line}\n`).join(""), now.map((line) => `${line}\n`).join(""));
      expect(applied(old, text(change).split("\n"))).toEqual(now);
    }),
  );
});
