// No test is lost and none runs twice: vitest itself is asked which files each command would run.
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { tiers } from "../tiers.ts";

const root = path.resolve(import.meta.dirname, "../..");
const testFiles = (folder: string): string[] =>
  readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".test.ts"),
  );
const configs = readdirSync(path.join(root, "test"))
  .map((name) => (name === "vitest.config.ts" ? `test/${name}` : `test/${name}/vitest.config.ts`))
  .filter((name) => isThere(name));

function isThere(name: string): boolean {
  try {
    return readFileSync(path.join(root, name)).length > 0;
  } catch {
    return false;
  }
}

/** The tests of a configuration, as "tier: file": what it calls a project, or its own folder, is the tier. */
async function listed(config: string): Promise<string[]> {
  const vitest = path.join(root, "node_modules/vitest/vitest.mjs");
  const args = [vitest, "list", "--filesOnly", "--json", "--config", config];
  const environment = Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_ENV$|TEST$)/.test(name));
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: root,
    env: Object.fromEntries(environment),
    maxBuffer: 16 * 1024 * 1024,
  });
  const found = JSON.parse(stdout) as { readonly file: string; readonly projectName?: string }[];
  return found.map(({ file, projectName }) => {
    const name = path.relative(path.join(root, "test"), file);
    return `${projectName ?? path.basename(path.dirname(config))}: ${name}`;
  });
}

const runs = (await Promise.all(configs.map(listed))).flat();
const fileOf = (run: string): string => run.replace(/^[a-z]+: /, "");

/** The tests in no tier, and those in several. */
function astray(files: readonly string[], all: readonly string[]): { lost: string[]; twice: string[] } {
  const counted = new Map(files.map((file) => [file, all.filter((run) => fileOf(run) === file).length]));
  const those = (is: (count: number) => boolean): string[] => files.filter((file) => is(counted.get(file) ?? 0));
  return { lost: those((count) => count === 0), twice: those((count) => count > 1) };
}

test("every test is in exactly one tier", () => {
  const files = testFiles("test");
  expect(astray(files, runs)).toEqual({ lost: [], twice: [] });
  expect(runs.map(fileOf).sort()).toEqual(files.sort());
  // What a new folder, and a pattern too many, would look like.
  const [first = ""] = runs;
  const more = astray([...files, "new/some.test.ts"], [...runs, first]);
  expect(more).toEqual({ lost: ["new/some.test.ts"], twice: [fileOf(first)] });
});

test("no tier is empty, and each pattern of one finds something", () => {
  for (const [name, { include }] of Object.entries(tiers)) {
    const its = runs.filter((run) => run.startsWith(`${name}: `)).map(fileOf);
    const idle = include.filter((pattern) => !its.some((file) => new RegExp(`^${asExpression(pattern)}$`).test(file)));
    expect({ name, idle }).toEqual({ name, idle: [] });
  }
  const apart = configs.map((config) => path.basename(path.dirname(config))).filter((name) => name !== "test");
  expect(apart.filter((name) => !runs.some((run) => run.startsWith(`${name}: `)))).toEqual([]);
  expect(apart).toEqual(expect.arrayContaining(["fleet", "guests", "vm"]));
});

test("each tier has its command, and 'test:all' leaves none of these out", () => {
  const { scripts } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const run = "vitest run --config test/vitest.config.ts";
  const projects = (...names: readonly string[]): string =>
    [run, ...names.map((name) => `--project ${name}`)].join(" ");
  expect(scripts).toMatchObject({
    test: projects("unit", "ordinary"),
    "test:unit": projects("unit"),
    "test:install": projects("install"),
    "test:long": projects("long"),
    "test:all": run,
  });
  expect(Object.keys(tiers)).toEqual(["install", "long", "ordinary", "unit"]);
});

/** A pattern of tiers.ts, which has no other signs than these. */
function asExpression(pattern: string): string {
  return pattern.replaceAll(".", "\\.").replaceAll("**/", "(?:§/)?").replaceAll("*", "[^/]*").replaceAll("§", ".*");
}
