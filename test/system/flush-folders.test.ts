// Folders on a file system that nothing was written to have nothing to flush: a system whose /usr is an image is no error.
import { spawnSync } from "node:child_process";
import { closeSync, constants, copyFileSync, fsyncSync, openSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { flushFoldersOf } from "../../src/system/files/flush-folders.ts";
import { makeRoot, scratch } from "../support/cli.ts";
import { FLUSH_TAKEN_OUT, withoutFlush } from "../support/fault/without-flush.ts";
import { MAIN, NODE } from "../support/stage/stage.ts";

test("takes a file system that cannot be flushed for flushed", () => {
  // squashfs and erofs answer as this one does.
  const descriptor = openSync("/proc", constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    expect(() => fsyncSync(descriptor)).toThrow("EINVAL");
  } finally {
    closeSync(descriptor);
  }
  flushFoldersOf("/", ["/proc/file"]);
});

test("goes up to a folder that is there, and takes any other error for one", () => {
  const root = makeRoot({ "etc/services": "", "etc/file": "" });
  flushFoldersOf(root, ["/etc/gone/deeper/file", "/gone/file", "/file", "/etc/file/below"]);
  expect(() => flushFoldersOf(`${root}/${"x".repeat(300)}`, ["/file"])).toThrow("cannot flush the folder '/': ");
});

test("the flush of files can be taken out of the built manager, for the control of the machines whose power fails", () => {
  const bundle = path.join(scratch(), "portreservectl.mjs");
  copyFileSync(MAIN, bundle);
  const { stdout } = spawnSync("sh", ["-c", withoutFlush(bundle)], { encoding: "utf8" });
  expect(stdout).toBe(FLUSH_TAKEN_OUT);
  expect(readFileSync(bundle, "utf8").length).toBeLessThan(readFileSync(MAIN, "utf8").length);
  expect(spawnSync(NODE, ["--check", bundle]).status).toBe(0);
});
