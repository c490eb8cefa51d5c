// What a run of vitest is found to have done: by real runs of it, and by none.
import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { packageRoot } from "../../src/core/native.ts";
import { scratch } from "./cli.ts";
import { faultsOf, testRunOf } from "./test-run.ts";

const NODE_MODULES = path.join(packageRoot, "node_modules");
const REPORTER = path.join(import.meta.dirname, "skip-reporter.ts");
const CONFIG = `export default { test: { reporters: ["${REPORTER}", "default"] } };\n`;

/** What vitest says of these test files, and with what status. */
function ran(files: Readonly<Record<string, string>>, environment: NodeJS.ProcessEnv = {}) {
  const folder = scratch();
  mkdirSync(path.join(folder, "test"));
  symlinkSync(NODE_MODULES, path.join(folder, "node_modules"));
  writeFileSync(path.join(folder, "vitest.config.mjs"), CONFIG);
  for (const [name, text] of Object.entries(files)) {
    const opening = 'import { describe, expect, test } from "vitest";\n';
    writeFileSync(path.join(folder, "test", name), opening + text);
  }
  const { PATH, HOME } = process.env;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(NODE_MODULES, "vitest/vitest.mjs"), "run", "--root", folder],
    { cwd: folder, env: { PATH, HOME, ...environment }, encoding: "utf8" },
  );
  return { status, output: stdout + stderr };
}

const GOOD = `test("passes", () => {});
describe.skip("a group (skipped: it needs root)", () => { test("one", () => {}); test("two", () => {}); });
test.skip("another (skipped: 'ip' is missing)", () => {});
`;

const BAD = `describe("a group", () => { test("fails", () => expect(1).toBe(2)); });
test.skip("is skipped", () => {});
`;

const good = ran({ "good.test.ts": GOOD }, { NO_COLOR: "1" });

test("a run in which tests pass, and are skipped for reasons, is good", () => {
  expect({ status: good.status, faults: faultsOf(good.output) }).toEqual({ status: 0, faults: [] });
  expect(testRunOf(good.output)).toEqual({
    failed: [],
    counts: { passed: 1, failed: 0, skipped: 3 },
    reasons: new Map([
      ["it needs root", 2],
      ["'ip' is missing", 1],
    ]),
  });
});

test("one with failures names them, and skips for no reason, also where it is coloured", () => {
  const files = { "good.test.ts": GOOD, "bad.test.ts": BAD, "worse.test.ts": 'throw new Error("cannot be loaded");\n' };
  const { status, output } = ran(files, { FORCE_COLOR: "1" });
  expect(status).toBe(1);
  expect(output).toContain("\u001b[");
  expect([...faultsOf(output)].sort()).toEqual([
    "failed: test/bad.test.ts > a group > fails",
    "failed: test/worse.test.ts [ test/worse.test.ts ]",
    "skipped: no reason given: is skipped",
  ]);
});

test.each([
  ["with skips that nobody explains", /^skipped 2 tests.*\n/m, "skipped: 3 tests, but reasons were given for 1"],
  ["in which nothing has passed", /1 passed \| /g, "no test has passed"],
  ["in which more has failed than is named", /(Tests .*)1 passed/, "failed: 1 tests", "$11 passed | 1 failed"],
  ["that has no summary", /^ +Tests .*\n/m, "the tests did not come to vitest's summary"],
])("one %s is not good", (_, from, fault, to = "") => {
  expect(good.output).toMatch(from);
  expect(faultsOf(good.output.replace(from, to))).toEqual([fault]);
});
