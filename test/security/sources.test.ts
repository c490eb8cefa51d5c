// Nothing in the sources starts a program but the modules that are there for it.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";

const root = path.resolve(import.meta.dirname, "../..");

/** The module that starts programs, and the one in whose place `run` puts the caller's program. */
const STARTER = "src/system/start-program.ts";
const EXECUTER = "src/system/execute.ts";
/** The addon, which is loaded as what it is: no other file can be named. */
const DOOR = "src/core/native.ts";
/** The bundle's first part, which runs the rest of its own file, and hands Node's modules on to that by the names in it. */
const FIRST_PART = "src/system/code/bundle-start.ts";

/** Every way in which a text can get at what starts programs; a word that is only spoken of in a comment counts too. */
const WAYS: Readonly<Record<string, RegExp>> = {
  child_process: /child_process/,
  // Both give a function that loads a module whose name the text need not have.
  "a loader of modules":
    /createRequire|\bmodule\.register\b|\brequire\s*\(|process\.(binding|_linkedBinding|dlopen|getBuiltinModule)\b/,
  "a computed import": /\bimport\s*\(\s*(?!["'][\w./:-]+["']\s*\))/,
  "a thread or a worker": /worker_threads|node:cluster|["']cluster["']/,
  "a text as code": /\beval\s*\(|new Function\s*\(|["'](?:node:)?vm["']|["'](?:node:)?(?:repl|inspector)["']/,
  "the addon's execute": /\.execute\s*\(|\[\s*["']execute["']\s*\]|[{,]\s*execute\s*[,:}][^;]*native/,
};

/** Which of the ways are in a text. What is imported for its type alone is not there when it runs. */
function waysIn(text: string): readonly string[] {
  const run = text.replace(/^import type [^;]*;$/gm, "");
  return Object.keys(WAYS).filter((way) => WAYS[way]?.test(run));
}

const sources = readdirSync(path.join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((name) => /\.[cm]?[jt]s$/.test(name))
  .map((name) => `src/${name}`);

/** What in the tree may do it, and why. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  [STARTER]: ["child_process"],
  [EXECUTER]: ["the addon's execute"],
  [DOOR]: ["a loader of modules"],
  [FIRST_PART]: ["child_process", "a text as code"],
};

describe("the sources", () => {
  test("start programs in one module, and become another program in one", () => {
    const found = sources.flatMap((file) => {
      const ways = waysIn(readFileSync(path.join(root, file), "utf8"));
      return ways.length === 0 ? [] : [[file, ways] as const];
    });
    expect(Object.fromEntries(found)).toEqual(ALLOWED);
  });

  test("are all of what the bundle has of our own", () => {
    expect(sources.length).toBeGreaterThan(100);
    expect(sources).toContain(STARTER);
  });
});

test.for([
  ['import * as cp from "node:child_process";', "child_process"],
  ['import { spawn } from "child_process";', "child_process"],
  ['const cp = await import("node:child_process");', "child_process"],
  ['const cp = require("child_process");', "child_process"],
  [
    'import { createRequire } from "node:module";\ncreateRequire(import.meta.url)("node:" + name);',
    "a loader of modules",
  ],
  ['process.getBuiltinModule("node:child" + "_process")', "a loader of modules"],
  ['process.binding("spawn_sync")', "a loader of modules"],
  ['await import("node:child" + "_process")', "a computed import"],
  ["await import(name)", "a computed import"],
  ['import { Worker } from "node:worker_threads";', "a thread or a worker"],
  ['eval("1")', "a text as code"],
  ['import vm from "node:vm";', "a text as code"],
  ["native().execute(command, variables)", "the addon's execute"],
  ['native()["execute"](command)', "the addon's execute"],
  ["const { execute } = native();", "the addon's execute"],
])("the control: %s is found", ([text = "", way]) => {
  expect(waysIn(text)).toContain(way);
});

test("the control: a text that only imports a module of ours is not", () => {
  expect(
    waysIn(
      'import { runProgram } from "../start-program.ts";\nimport type { ChildProcess } from "node:child_process";\nawait import("./cli/run-cli.ts");\n',
    ),
  ).toEqual([]);
});
