// The fresh tier takes its commands and packages from the README, and fails loudly when the README no longer has them.
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { packageRoot } from "../../src/core/native.ts";
import { promisedBy } from "./readme.ts";

const README = readFileSync(path.join(packageRoot, "README.md"), "utf8");

test("the README names packages, a command for the demo, and one for the tests", () => {
  expect(promisedBy(README)).toEqual({
    packages: ["build-essential", "python3"],
    demo: "npm ci && npx portreservectl demo",
    test: "npm test",
  });
});

test("the words that it explains are explained in the manual too", () => {
  const [, words = ""] = /^## Words\n([\s\S]*?)\n## /m.exec(README) ?? [];
  const names = [...words.matchAll(/\*([a-z]+)\*/g)].map(([, name = ""]) => name);
  expect(names.length).toBeGreaterThan(8);
  const manual = readFileSync(path.join(packageRoot, "docs/portreservectl.8"), "utf8");
  const [, section = ""] = /^\.Ss Words\n([\s\S]*?)\n\.Ss /m.exec(manual) ?? [];
  expect(names.filter((name) => !new RegExp(`^\\.(It|Em|Cm) ${name}\\b`, "m").test(section))).toEqual([]);
});

test("a remark behind a command is no part of it", () => {
  const remarked = README.replace("\n    npm test\n", "\n    npm test        # 4 minutes\n");
  expect(remarked).not.toBe(README);
  expect(promisedBy(remarked)).toEqual(promisedBy(README));
});

test.each([
  ["has no such section", "## See it happen", "## Look", /names no packages/],
  ["names no packages", "`build-essential`, `python3`", "gcc", /names no packages in 'On Debian …'$/],
  ["has no command for the demo", "npm ci &&", "npm install &&", /one command that builds and shows the demo; it has:/],
  [
    "has two for the tests",
    "\n    npm test\n",
    "\n    npm test\n    npm test\n",
    /one command that runs the tests; it has:/,
  ],
  ["has one for the tests elsewhere only", "\n    npm test\n", "\n", /runs the tests; it has:\n {4}npm ci && npx/],
])("is refused when it %s", (_, from, to, message) => {
  expect(README).toContain(from);
  expect(() => promisedBy(README.replace(from, to))).toThrow(message);
});
