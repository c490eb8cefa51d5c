// The holder in an image that systemd boots: its program, its unit, the link that enables it, and what others have put in their places.
import { appendFileSync, lstatSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { holderUnitText } from "../../src/core/systemd/holder-unit-text.ts";
import { HOLDER_FILE, HOLDER_UNIT, HOLDER_WANTED } from "../../src/system/paths.ts";
import { HOLDER } from "../support/holder.ts";
import { treeOf } from "../support/host.ts";
import { giveAway, imageOf, run, SYSTEMD, withoutLock } from "./image.ts";

const UNIT_FILE = `/etc/systemd/system/${HOLDER_UNIT}`;
const OTHER_FILE = `/usr/lib/systemd/system/${HOLDER_UNIT}`;

const holding = (files: Readonly<Record<string, string>> = {}): string =>
  imageOf({
    ...SYSTEMD,
    "etc/systemd/system/some.service": "[Service]\nExecStart=/bin/true\n",
    "etc/portreserve/cups": "631 hold\n",
    ...files,
  });

/** A link that leads out of the image is there too. */
const isThere = (root: string, file: string): boolean =>
  lstatSync(root + file, { throwIfNoEntry: false }) !== undefined;
const treeIn = (root: string): string => withoutLock(treeOf(root));

test("gets the program, and the unit enabled, which a dry run shows; uninstall takes all of it", () => {
  const root = holding();
  const before = treeIn(root);
  const planned = run("install", "--root", root, "--dry-run").stdout;
  const unit = holderUnitText(HOLDER_FILE);
  const asAdded = unit.replace(/^/gm, "+").replace(/\+$/, "");
  expect(planned).toContain(
    `--- /dev/null\n+++ ${UNIT_FILE}\n@@ -0,0 +1,${unit.split("\n").length - 1} @@\n${asAdded}+ folder '${path.dirname(HOLDER_WANTED)}'\n+ link '${HOLDER_WANTED}' to '${UNIT_FILE}'\n`,
  );
  expect(treeIn(root)).toBe(before);

  expect(run("install", "--root", root)).toMatchObject({ status: 0, stderr: "" });
  expect(readFileSync(root + HOLDER_FILE).equals(readFileSync(HOLDER))).toBe(true);
  expect(lstatSync(root + HOLDER_FILE).mode & 0o7777).toBe(0o755);
  expect(readFileSync(root + UNIT_FILE, "utf8")).toBe(unit);
  expect(readlinkSync(root + HOLDER_WANTED)).toBe(UNIT_FILE);
  expect(run("install", "--root", root).stdout).toMatch(/^unchanged: everything is in its place\n/);

  expect(run("uninstall", "--root", root, "--dry-run").stdout).toContain(`- link '${HOLDER_WANTED}'\n`);
  expect(run("uninstall", "--root", root)).toMatchObject({ status: 0, stderr: "" });
  expect(treeIn(root)).toBe(before);
});

test("the unit is not enabled before something is held, and stays so where nothing is any more", () => {
  const root = holding({ "etc/portreserve/cups": "631\n" });
  run("install", "--root", root);
  expect([UNIT_FILE, HOLDER_WANTED].map((file) => isThere(root, file))).toEqual([true, false]);
  writeFileSync(path.join(root, "etc/portreserve/cups"), "631 block\n");
  expect(run("install", "--root", root)).toMatchObject({ status: 0, stderr: "" });
  expect(readlinkSync(root + HOLDER_WANTED)).toBe(UNIT_FILE);
  writeFileSync(path.join(root, "etc/portreserve/cups"), "631\n");
  run("install", "--root", root);
  expect(readlinkSync(root + HOLDER_WANTED)).toBe(UNIT_FILE);
});

test("another version's program and unit are replaced", () => {
  const root = holding();
  run("install", "--root", root);
  const installed = treeIn(root);
  for (const file of [HOLDER_FILE, UNIT_FILE]) appendFileSync(root + file, "# older\n");
  expect(run("install", "--root", root).stdout).toContain(`changed: '${HOLDER_FILE}'\nchanged: '${UNIT_FILE}'\n`);
  expect(treeIn(root)).toBe(installed);
});

test("uninstall --unit leaves it where it is enabled, and says so", () => {
  const root = holding();
  const before = treeIn(root);
  run("install", "--root", root, "--unit", "some");
  expect(run("uninstall", "--root", root, "--unit", "some")).toMatchObject({
    status: 0,
    stderr: `portreservectl: note: '${HOLDER_UNIT}' is enabled, so ports stay held, and the shim, its table and the manager stay
hint: 'portreservectl uninstall --root ${root}' takes all of it away
`,
  });
  const kept = [HOLDER_FILE, UNIT_FILE, HOLDER_WANTED, "/etc/portreserve.hold"];
  expect(kept.filter((file) => !isThere(root, file))).toEqual([]);
  expect(run("uninstall", "--root", root)).toMatchObject({ status: 0, stderr: "" });
  expect(treeIn(root)).toBe(before);
});

test.each([
  ["in its place", UNIT_FILE],
  ["in another folder", OTHER_FILE],
])("a mask %s stays, which is said, and uninstall leaves it too", (_, mask) => {
  const root = holding();
  symlinkSync("/dev/null", root + mask);
  giveAway(root);
  const before = treeIn(root);
  expect(run("install", "--root", root)).toMatchObject({
    status: 0,
    stderr: `portreservectl: warning: '${HOLDER_UNIT}' is masked by '${mask}', so nothing can be held or blocked
hint: run 'systemctl unmask ${HOLDER_UNIT}', then 'portreservectl install'
`,
  });
  expect([HOLDER_FILE, HOLDER_WANTED].map((file) => isThere(root, file))).toEqual([true, false]);
  expect(run("uninstall", "--root", root)).toMatchObject({ status: 0, stderr: "" });
  expect(treeIn(root)).toBe(before);
});

test("what others have put in its places is refused by install, and left by uninstall", () => {
  const root = holding();
  run("install", "--root", root);
  const places = [HOLDER_FILE, UNIT_FILE, HOLDER_WANTED, OTHER_FILE];
  for (const file of places) {
    rmSync(root + file, { force: true });
    writeFileSync(root + file, "[Service]\nExecStart=/bin/true\n");
  }
  giveAway(root);
  const between = treeIn(root);
  const refused = run("install", "--root", root);
  expect(refused.status).toBe(5);
  expect(refused.stderr.match(/^portreservectl: error: .*/gm)).toEqual([
    `portreservectl: error: '${UNIT_FILE}' is a file that portreservectl did not write`,
    `portreservectl: error: '${HOLDER_WANTED}' is a file that portreservectl did not write`,
    `portreservectl: error: '${OTHER_FILE}' is a unit that portreservectl did not write`,
    `portreservectl: error: '${HOLDER_FILE}' is a file that portreservectl did not write; nothing was changed`,
  ]);
  expect(treeIn(root)).toBe(between);
  expect(run("uninstall", "--root", root).status).toBe(5);
  for (const file of places) expect(readFileSync(root + file, "utf8")).toBe("[Service]\nExecStart=/bin/true\n");
});
