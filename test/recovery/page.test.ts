// The page and its tests have the same cures, and the page the same messages as the programs.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { runInSandbox } from "../../src/system/sandbox/sandbox.ts";
import { sandboxSupport } from "../../src/system/sandbox/sandbox-support.ts";
import { named } from "../support/can.ts";
import { noSandbox } from "../support/sandbox.ts";
import { type Broken, etcWith, LIBRARY, LIST, libraries } from "./broken-libraries.ts";
import { blocks, type Row, rows } from "./page.ts";

const reason = await noSandbox();
const support = await sandboxSupport();
const kinds = Object.keys(libraries) as Broken[];

test("every block of commands on the page is applied by a test", () => {
  const tests = readdirSync(import.meta.dirname)
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => readFileSync(path.join(import.meta.dirname, name), "utf8"));
  const applied = tests.flatMap((text) => [...text.matchAll(/\bcure\(\s*"([^"]+)"/g)].map((match) => match[1]));
  const names = blocks.map(({ name }) => name);
  expect(names.length).toBeGreaterThan(5);
  expect(new Set(names).size).toBe(names.length);
  expect([...new Set(applied)].sort()).toEqual([...names].sort());
});

// Once the list is broken no program can help: everything here is built into the shell.
const SCRIPT = `echo ${LIBRARY} > ${LIST}
try() {
  { "$@"; } >/dev/null 2>"$SCRATCH/said"
  echo "$?"
  while IFS= read -r line; do echo "$1 $line"; done <"$SCRATCH/said"
}
try /bin/true
try /bin/bash -c :
try /bin/ls -d /etc
`;

/** What the three programs said, when they agree. */
async function observed(library: Broken): Promise<Row> {
  if (!support.works) throw new Error(support.reason);
  const result = await runInSandbox(support.kind, { script: SCRIPT, etc: etcWith(library) });
  if (result.outcome !== "ended") throw new Error(`the sandbox is ${result.outcome}`);
  const said = [...result.stdout.matchAll(/^(\d+)\n(\S+) (.*)\n/gm)].map(([, status, program = "", line = ""]) => ({
    says: line
      .replaceAll(program, "PROGRAM")
      .replaceAll(LIBRARY, "LIBRARY")
      .replace(/\S+\/libc\.so\.6(?=:)/, "LIBC"),
    status: Number(status),
    library,
  }));
  const [first] = said;
  if (first === undefined) throw new Error(`nothing was said: ${result.stdout}`);
  expect(said).toEqual([first, first, first]);
  // Nothing was said but that.
  expect(result.stdout.trimEnd().split("\n").length).toBe(6);
  return first;
}

describe.skipIf(reason !== undefined)(named("what programs say when the library", reason), () => {
  test.each(kinds)("%s is on the page", async (kind) => {
    expect(rows.find(({ library }) => library === kind)).toEqual(await observed(kind));
  });

  test("is anything else is not on the page", () => {
    expect(rows.map(({ library }) => library)).toEqual(kinds);
  });
});
