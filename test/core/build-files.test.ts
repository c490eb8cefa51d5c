// The build and the tests work wherever the checkout lies, also where its path has blanks.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";

const root = path.resolve(import.meta.dirname, "../..");
const names = ["binding.gyp", ...readdirSync(path.join(root, "native")).filter((name) => name.endsWith(".gypi"))];
const textOf = (name: string): string =>
  readFileSync(path.join(root, name === "binding.gyp" ? "" : "native", name), "utf8");

/** make splits an absolute path with a blank into two arguments. */
const ABSOLUTE = /<\((?:module_root_dir|PRODUCT_DIR|DEPTH)\)/;

test("the build's files name every file from the folder of the build, not by its whole path", () => {
  expect(names.length).toBeGreaterThan(2);
  expect(names.filter((name) => ABSOLUTE.test(textOf(name)))).toEqual([]);
  expect("-Wl,--version-script=<(module_root_dir)/x.map").toMatch(ABSOLUTE);
});

/** It has '%20' for a blank. */
const PATHNAME = /import\.meta\.url\)\.pathname/;

test("no source takes the path of a URL for that of a file", () => {
  const folders = ["src", "test", "scripts"].flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" }).map((name) => path.join(folder, name)),
  );
  const sources = folders.filter((name) => /\.(ts|mjs)$/.test(name) && !name.endsWith("build-files.test.ts"));
  expect(sources.length).toBeGreaterThan(300);
  expect(sources.filter((name) => PATHNAME.test(readFileSync(path.join(root, name), "utf8")))).toEqual([]);
  expect("new URL('x', import.meta.url).pathname").toMatch(PATHNAME);
});
