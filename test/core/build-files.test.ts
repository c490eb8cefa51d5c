// What node-gyp builds by: files that work wherever the checkout lies, also where its path has blanks.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";

const root = path.resolve(import.meta.dirname, "../..");
const names = ["binding.gyp", ...readdirSync(path.join(root, "native")).filter((name) => name.endsWith(".gypi"))];
const textOf = (name: string): string =>
  readFileSync(path.join(root, name === "binding.gyp" ? "" : "native", name), "utf8");

/** make splits an absolute path with a blank into two arguments. */
const ABSOLUTE = /<\((?:module_root_dir|PRODUCT_DIR|DEPTH)\)/;

test("name every file from the folder of the build, not by its whole path", () => {
  expect(names.length).toBeGreaterThan(2);
  expect(names.filter((name) => ABSOLUTE.test(textOf(name)))).toEqual([]);
  expect("-Wl,--version-script=<(module_root_dir)/x.map").toMatch(ABSOLUTE);
});
