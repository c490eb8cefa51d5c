// Folders on a file system that nothing was written to have nothing to flush: a system whose /usr is an image is no error.
import { closeSync, constants, fsyncSync, openSync } from "node:fs";
import { expect, test } from "vitest";
import { flushFoldersOf } from "../../src/system/files/flush-folders.ts";
import { makeRoot } from "../support/cli.ts";

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
