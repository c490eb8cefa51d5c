// install --dry-run and uninstall --dry-run: the whole plan as a diff, for anybody, and nothing is changed.

import { statSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { HOLDER_FILE } from "../../src/system/paths.ts";
import { named } from "../support/can.ts";
import { asNobody, ctl, type Ran } from "../support/cli.ts";
import { HOLDER } from "../support/holder.ts";
import {
  abis,
  ENTRY,
  HOME,
  LIST,
  libraries,
  libraryFolders,
  noHost,
  onHost,
  treeDifferences,
  treeOf,
} from "../support/host.ts";
import { imageOf, noUnits } from "./image.ts";

const run = (...args: readonly string[]): Ran => ctl(args, { under: asNobody });
const sizes = abis.flatMap(({ shim, high, share }) => [shim?.length, high?.length, share?.length]);

const holderSize = statSync(HOLDER).size;

const PUT = `${libraryFolders.map((folder) => `+ folder '${folder}'\n`).join("")}${libraries
  .map((file, at) => `--- /dev/null\n+++ ${file}\n(${sizes[at]} bytes, mode 0644)\n`)
  .join("")}~ table '/etc/portreserve.table'
+ 631/tcp+udp
--- ${LIST}
+++ ${LIST}
@@ -1,1 +1,2 @@
 /lib/libone.so
+${ENTRY}
+ folder '${HOME}'
--- /dev/null
+++ ${HOLDER_FILE}
(${holderSize} bytes, mode 0755)
${libraryFolders.length + libraries.length + 4} changes planned; nothing was changed
`;
const TAKEN = `--- ${LIST}
+++ ${LIST}
@@ -1,2 +1,1 @@
 /lib/libone.so
-${ENTRY}
${libraries.map((file, at) => `--- ${file}\n+++ /dev/null\n(${sizes[at]} bytes)\n`).join("")}${libraryFolders
  .toSorted((a, b) => b.length - a.length)
  .map((folder) => `- folder '${folder}', if nothing else is in it\n`)
  .join("")}- table '/etc/portreserve.table'
--- ${HOLDER_FILE}
+++ /dev/null
(${holderSize} bytes)
- folder '${HOME}', if nothing else is in it
nothing was changed
`;

test("shows an image's whole plan to an ordinary user, and changes nothing, not even by a lock", () => {
  const root = imageOf({ "etc/ld.so.preload": "/lib/libone.so\n" });
  const before = treeOf(root);
  expect(run("install", "--root", root, "--dry-run")).toEqual({ status: 0, stdout: PUT, stderr: noUnits(root) });
  expect(run("uninstall", "--root", root, "--dry-run")).toEqual({
    status: 0,
    stdout: "nothing to remove: portreserve is not installed\n",
    stderr: "",
  });
  expect(treeOf(root)).toBe(before);
  // The control: without --dry-run the same is done.
  expect(run("install", "--root", root).status).toBe(0);
  const installed = treeOf(root);
  expect(installed).not.toBe(before);
  expect(run("install", "--root", root, "--dry-run")).toEqual({
    status: 0,
    stdout: "nothing to change\n",
    stderr: noUnits(root),
  });
  expect(run("uninstall", "--root", root, "--dry-run")).toEqual({ status: 0, stdout: TAKEN, stderr: "" });
  expect(treeOf(root)).toBe(installed);
});

test("says the same as JSON", () => {
  const root = imageOf({ "etc/ld.so.preload": "/lib/libone.so\n" });
  const { status, stdout } = run("install", "--root", root, "--dry-run", "--json");
  expect(status).toBe(0);
  const shown = JSON.parse(stdout) as { changes: { diff: string[] }[] };
  expect(shown).toMatchObject({ dryRun: true, result: "planned", outcome: "done", exitCode: 0, proved: [] });
  expect(shown.changes.flatMap(({ diff }) => diff).join("\n")).toBe(PUT.split("\n").slice(0, -2).join("\n"));
});

test("shows what is refused", () => {
  const root = imageOf({ "etc/ld.so.preload": "/opt/libportreserve.so\n" });
  const before = treeOf(root);
  expect(run("install", "--root", root, "--dry-run")).toEqual({
    status: 5,
    stdout: "",
    stderr: `portreservectl: error: ${LIST}:1:1: '/opt/libportreserve.so' is in the preload list, and portreservectl did not write it; nothing was changed
hint: take it out by hand, then run 'portreservectl install --root ${root}', whose entry serves every kind of program
`,
  });
  expect(treeOf(root)).toBe(before);
});

const notHere = await noHost();
describe.skipIf(notHere !== undefined)(named("on a whole host", notHere), () => {
  test("it plans for an ordinary user what root then does", async () => {
    const ran = await onHost(`step before tree
step planned nobody "$NODE" "$MANAGER" install --dry-run
step lock ls /run/portreserve.lock
step after tree
step json nobody "$NODE" "$MANAGER" install --dry-run --json
step done ctl install --json`);
    expect(ran("planned")).toMatchObject({ status: 0, stderr: "" });
    expect(ran("planned").stdout).toContain(`--- /dev/null\n+++ ${LIST}\n@@ -0,0 +1,1 @@\n+${ENTRY}\n`);
    expect(ran("lock").status).not.toBe(0);
    expect(treeDifferences(ran("before"), ran("after"))).toEqual([]);
    const changes = (name: string): unknown =>
      (JSON.parse(ran(name).stdout) as { changes: { action: string; path: string }[] }).changes.map(
        ({ action, path }) => `${action} ${path}`,
      );
    expect(changes("done")).toEqual(changes("json"));
  });
});
