// What the units' compile says in the journal, by priority; and that nothing changes where standard error is a file.
import { spawnSync } from "node:child_process";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { FILES, makeRoot, scratch } from "../support/cli.ts";
import { MAIN, NODE } from "../support/stage/stage.ts";

const PRIORITIES = ["<3>", "<3>", "<3>", "<3>", "<4>"];

test.each<[string, (own: string) => Record<string, string>, readonly string[]]>([
  ["is standard error", (own) => ({ JOURNAL_STREAM: own }), PRIORITIES],
  ["is another file (the control)", () => ({ JOURNAL_STREAM: "1:1" }), ["por", "   ", "   ", "hin", "por"]],
  ["is not known (the control)", () => ({}), ["por", "   ", "   ", "hin", "por"]],
])("compile with a rejected line, where the journal %s", (_, environment, begins) => {
  const root = makeRoot({ ...FILES, "etc/portreserve/cups": "ipps\n" });
  const file = path.join(scratch(), "stderr");
  const descriptor = openSync(file, "w");
  const { dev, ino } = fstatSync(descriptor, { bigint: true });
  const { status } = spawnSync(NODE, [MAIN, "compile", "--root", root], {
    stdio: ["ignore", "ignore", descriptor],
    env: { PATH: process.env.PATH, ...environment(`${dev}:${ino}`) },
  });
  closeSync(descriptor);
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  expect([status, lines.map((line) => line.slice(0, 3))]).toEqual([1, begins]);
});
