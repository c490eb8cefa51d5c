// What the units' compile says in the journal, by priority; and that nothing changes where standard error is a file.
import { spawnSync } from "node:child_process";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { FILES, makeRoot, scratch } from "../support/cli.ts";
import { MAIN, NODE } from "../support/stage/stage.ts";

const PRIORITIES = ["<3>", "<3>", "<3>", "<3>", "<4>"];

/** What portreservectl writes to standard error, of which `environment` says whether it is the journal. */
function said(
  args: readonly string[],
  environment: (own: string) => Record<string, string>,
): { readonly status: number | null; readonly lines: readonly string[] } {
  const file = path.join(scratch(), "stderr");
  const descriptor = openSync(file, "w");
  const { dev, ino } = fstatSync(descriptor, { bigint: true });
  const { status } = spawnSync(NODE, [MAIN, ...args], {
    stdio: ["ignore", "ignore", descriptor],
    env: { PATH: process.env.PATH, ...environment(`${dev}:${ino}`) },
  });
  closeSync(descriptor);
  return { status, lines: readFileSync(file, "utf8").trimEnd().split("\n") };
}

test.each<[string, (own: string) => Record<string, string>, readonly string[]]>([
  ["is standard error", (own) => ({ JOURNAL_STREAM: own }), PRIORITIES],
  ["is another file (the control)", () => ({ JOURNAL_STREAM: "1:1" }), ["por", "   ", "   ", "hin", "por"]],
  ["is not known (the control)", () => ({}), ["por", "   ", "   ", "hin", "por"]],
])("compile with a rejected line, where the journal %s", (_, environment, begins) => {
  const root = makeRoot({ ...FILES, "etc/portreserve/cups": "ipps\n" });
  const { status, lines } = said(["compile", "--root", root], environment);
  expect([status, lines.map((line) => line.slice(0, 3))]).toEqual([1, begins]);
});

test("a bug is an error to the journal in each of its lines, and says the same elsewhere (the control)", () => {
  const fault = encodeURIComponent(
    "import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module'; fs.readdirSync = () => { throw new TypeError('injected') }; syncBuiltinESMExports();",
  );
  const args = ["check", "--root", makeRoot(FILES)];
  const broken = { NODE_OPTIONS: `--import=data:text/javascript,${fault}` };
  const elsewhere = said(args, () => broken);
  const journal = said(args, (own) => ({ ...broken, JOURNAL_STREAM: own }));
  expect([journal.status, elsewhere.status, elsewhere.lines.includes("TypeError: injected")]).toEqual([70, 70, true]);
  expect(journal.lines).toEqual(elsewhere.lines.map((line) => `<3>${line}`));
});
