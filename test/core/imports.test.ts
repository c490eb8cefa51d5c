// The shape of src/: which folder may import which, and what only some may do.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";

const source = path.resolve(import.meta.dirname, "..", "..", "src");

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
const text = new Map(files.map((name) => [name, readFileSync(path.join(source, name), "utf8")]));

const imports: Import[] = files.flatMap((from) =>
  [...(text.get(from) ?? "").matchAll(/^(?:import|export)\s+(type\s)?[^;]*?from "([^"]+)"|import\(("[^"]+")\)/gm)].map(
    (match) => {
      const specifier = match[2] ?? match[3]?.slice(1, -1) ?? "";
      const to = specifier.startsWith(".") ? path.join(path.dirname(from), specifier) : specifier;
      return { from, to, typeOnly: match[1] !== undefined };
    },
  ),
);

/** The first folder below src/, "main" for its own files, or "package" for anything that is not ours. */
function layer(file: string): string {
  if (!text.has(file)) return "package";
  return file.includes("/") ? file.slice(0, file.indexOf("/")) : "main";
}

/** A verb may import coverage for the words of verdicts; what it asks of the host comes through observe. */
const allowed: Record<string, readonly string[]> = {
  main: ["main", "cli"],
  cli: ["cli", "commands", "report", "system", "core"],
  commands: ["commands", "observe", "coverage", "report", "system", "core"],
  observe: ["observe", "coverage", "core", "system"],
  coverage: ["coverage", "core"],
  report: ["report", "core"],
  system: ["system", "core"],
  core: ["core"],
};

const show = ({ from, to }: Import): string => `${from} imports ${to}`;

test("finds the imports at all", () => {
  expect(imports.length).toBeGreaterThan(100);
  expect(imports.map(show)).toContain("main.ts imports cli/run-cli.ts");
});

const isWrong = ({ from, to }: Import): boolean => text.has(to) && !allowed[layer(from)]?.includes(layer(to));

test("lets imports go one way: main, cli, commands, observe, then coverage and system, then core", () => {
  expect(imports.filter(isWrong).map(show)).toEqual([]);
  // It would find one that does not.
  expect(isWrong({ from: "coverage/assess.ts", to: "system/paths.ts", typeOnly: true })).toBe(true);
  expect(isWrong({ from: "system/lock.ts", to: "observe/observe-host.ts", typeOnly: false })).toBe(true);
});

/** What a parser needs no file, process or addon for. */
const HARMLESS = new Set(["node:buffer", "node:path", "system/paths.ts", "system/app-error.ts"]);

const isReader = (file: string): boolean => /\/read-[^/]+$/.test(file);

const touches = ({ from, to }: Import): boolean =>
  layer(from) === "observe" &&
  !isReader(from) &&
  !HARMLESS.has(to) &&
  (to === "core/native.ts" || ["system", "package"].includes(layer(to)));

test("lets only files called read-*.ts of observe reach for files, processes or the addon", () => {
  expect(imports.filter(touches).map(show)).toEqual([]);
  expect(touches({ from: "observe/processes/maps.ts", to: "node:fs", typeOnly: false })).toBe(true);
  expect(imports.some(({ from, to }) => isReader(from) && to === "node:fs")).toBe(true);
});

test("has no import of a file that does not exist", () => {
  expect(imports.filter(({ to }) => to.endsWith(".ts") && !text.has(to)).map(show)).toEqual([]);
});

test("keeps core pure: no package but its own folder, the addon's loader and hashing", () => {
  const outside = imports.filter(({ from, to }) => layer(from) === "core" && layer(to) === "package");
  const pure = new Set(["node:buffer", "node:crypto"]);
  const door = outside.filter(({ from }) => from === "core/native.ts").map(({ to }) => to);
  expect(outside.filter(({ from, to }) => from !== "core/native.ts" && !pure.has(to)).map(show)).toEqual([]);
  expect(door.sort()).toEqual(["node-gyp-build", "node:fs", "node:path", "node:url"]);
});

test("lets report and system know only the types of core, its door to the addon, and how texts are written", () => {
  const functions = imports.filter(
    ({ from, to, typeOnly }) => ["report", "system"].includes(layer(from)) && layer(to) === "core" && !typeOnly,
  );
  expect([...new Set(functions.map(({ to }) => to))].sort()).toEqual(["core/native.ts", "core/text.ts"]);
});

/** Each name that more than one of these files exports. */
function exportedTwice(sources: ReadonlyMap<string, string>): readonly string[] {
  const places = new Map<string, Set<string>>();
  for (const [file, source] of sources) {
    for (const [, name = ""] of source.matchAll(/^export (?:async )?(?:function|const|interface|type|class) (\w+)/gm)) {
      places.set(name, (places.get(name) ?? new Set()).add(file));
    }
  }
  return [...places].filter(([, where]) => where.size > 1).map(([name, where]) => `${name}: ${[...where].join(", ")}`);
}

test("exports no name from two files", () => {
  expect(exportedTwice(text)).toEqual([]);
  const planted = "export interface HostFacts {\n}\nexport async function other(): Promise<void> {}\n";
  expect(exportedTwice(new Map([...text, ["system/planted.ts", planted]]))).toEqual([
    "HostFacts: coverage/facts.ts, system/planted.ts",
  ]);
});

/** A circle has no first file: which one is found first depends on all the others. */
function fromLeast(circle: readonly string[]): readonly string[] {
  const at = circle.indexOf([...circle].sort()[0] ?? "");
  return [...circle.slice(at), ...circle.slice(0, at + 1)];
}

/** The files of each circle of imports, of types too. */
function circles(all: readonly Import[]): readonly string[] {
  const next = new Map<string, string[]>();
  for (const { from, to } of all) next.set(from, [...(next.get(from) ?? []), to]);
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) found.push(fromLeast(path.slice(path.indexOf(file))).join(" -> "));
    if (done.has(file) || path.includes(file)) return;
    for (const to of next.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of next.keys()) visit(file, []);
  return found;
}

test("imports nothing in a circle", () => {
  expect(circles(imports)).toEqual([]);
  const back = { from: "core/seen.ts", to: "coverage/facts.ts", typeOnly: true };
  expect(circles([...imports, back])).toContain("core/seen.ts -> coverage/facts.ts -> core/seen.ts");
});

test.each([
  ["the console", /\bconsole\./],
  ["process.stdout or process.stderr as streams", /process\.(stdout|stderr)\.write/],
])("leaves %s alone outside report", (_, pattern) => {
  expect(files.filter((name) => layer(name) !== "report" && pattern.test(text.get(name) ?? ""))).toEqual([]);
});

/** The places that the thieves of the demo look at are those of its sandbox. */
const ELSEWHERE = new Set(["commands/demo/run-scene.ts"]);

test("names places of the host in system and in readers alone", () => {
  const literal = /["'`]\/(etc|run|proc|usr|lib|var|dev)\/[^\s"'`]*["'`]/;
  const named = (name: string): boolean => layer(name) === "system" || isReader(name) || ELSEWHERE.has(name);
  expect(files.filter((name) => !named(name) && literal.test(text.get(name) ?? ""))).toEqual([]);
  expect(files.filter((name) => literal.test(text.get(name) ?? ""))).toContain("system/paths.ts");
});

test("exits in main alone", () => {
  expect(files.filter((name) => layer(name) !== "main" && /process\.exit\b/.test(text.get(name) ?? ""))).toEqual([]);
});
