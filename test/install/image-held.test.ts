// install and uninstall where a line holds a port: its file comes after the table, and goes with it.
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { treeOf } from "../support/host.ts";
import { imageOf, run, withoutLock } from "./image.ts";

const HOLD = "/etc/portreserve.hold";
const TEXT = "portreserve-hold 1\nhold tcp 631\nhold udp 631\nend 2\n";

function imageHolding(): string {
  return imageOf({ "etc/portreserve/cups": "631 hold\n" });
}

test("an image gets the file, shown as a diff before, and is as it was after uninstall", () => {
  const root = imageHolding();
  const before = withoutLock(treeOf(root));
  const planned = run("install", "--dry-run", "--root", root).stdout;
  expect(planned).toContain(`~ table '/etc/portreserve.table'\n+ 631/tcp+udp\n--- /dev/null\n+++ ${HOLD}\n`);
  expect(existsSync(root + HOLD)).toBe(false);
  const installed = run("install", "--root", root);
  expect(installed).toMatchObject({ status: 0, stdout: expect.stringContaining(`written: '${HOLD}'\n`) });
  expect(readFileSync(root + HOLD, "utf8")).toBe(TEXT);
  expect(statSync(root + HOLD).mode & 0o7777).toBe(0o644);
  expect(run("install", "--root", root).stdout).not.toContain(HOLD);
  expect(run("uninstall", "--root", root).stdout).toContain(
    "removed: '/etc/portreserve.table'\nremoved: '/etc/portreserve.hold'\nremoved: '/usr/lib/portreserve/portreserve-hold'\n",
  );
  expect(withoutLock(treeOf(root))).toBe(before);
});

test("install makes good what is wrong with the file alone, and takes it away where nothing is held any more", () => {
  const root = imageHolding();
  run("install", "--root", root);
  writeFileSync(root + HOLD, "portreserve-hold 1\n");
  expect(run("install", "--root", root).stdout).toContain(`changed: '${HOLD}'\n`);
  expect(readFileSync(root + HOLD, "utf8")).toBe(TEXT);
  writeFileSync(path.join(root, "etc/portreserve/cups"), "631\n");
  expect(run("install", "--root", root).stdout).toContain(`removed: '${HOLD}'\n`);
  expect(existsSync(root + HOLD)).toBe(false);
});

test("install refuses to starve the kernel, and changes nothing", () => {
  const root = imageOf({ "etc/portreserve/many": "665-1000/tcp hold\n" });
  const before = withoutLock(treeOf(root));
  const refused = run("install", "--root", root);
  expect(refused.status).toBe(5);
  expect(refused.stderr).toContain("error: only 23 ports of 665 to 1023 would be left to hand out for tcp");
  expect(withoutLock(treeOf(root))).toBe(before);
});
