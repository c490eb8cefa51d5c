// Bundles the manager into dist/portreservectl.mjs: one file that needs Node and the native parts, and no node_modules.
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import path from "node:path";
import process from "node:process";
import { rolldown } from "rolldown";
import { root } from "./step.mjs";

/** `install` knows its own file by this line. */
const SECOND_LINE = "// portreservectl, the manager of portreserve, in one file; made by scripts/bundle.mjs";

const output = path.resolve(process.argv[2] ?? path.join(root, "dist", "portreservectl.mjs"));

const bundle = await rolldown({
  cwd: root,
  input: "src/main.ts",
  platform: "node",
  onLog: (level, log) => {
    if (level === "warn") throw new Error(`the bundler warns: ${log.message}`);
  },
});
const made = await bundle.generate({ format: "esm", codeSplitting: false, comments: false, banner: SECOND_LINE });
await bundle.close();
const [chunk, ...others] = made.output;
if (others.length > 0) throw new Error(`one file was wanted, and there are ${made.output.length}`);

const builtin = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));
const missing = chunk.imports.filter((name) => !builtin.has(name));
if (missing.length > 0) throw new Error(`not in the bundle: ${missing.join(", ")}`);
if (!chunk.code.startsWith(`#!/usr/bin/env node\n${SECOND_LINE}\n`)) throw new Error("the first lines are not ours");

/**
 * V8 keeps and reads a source of ASCII in half the space: what is not is in strings, templates and patterns, which may have
 * it escaped.
 */
function escaped(code) {
  if (/\braw\s*`/.test(code)) throw new Error("a raw template keeps its escapes");
  return code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The packages whose code is in the bundle ask that their notices go with it. */
function notices() {
  const folders = Object.keys(chunk.modules).map((id) => /^\0?(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1]);
  return [...new Set(folders)]
    .filter((folder) => folder !== undefined)
    .sort()
    .map((folder) => {
      const file = ["LICENSE", "LICENSE.md", "LICENSE.txt"].find((name) => existsSync(path.join(folder, name)));
      if (file === undefined) throw new Error(`no licence in '${folder}'`);
      return [`${path.basename(folder)}:`, "", ...readFileSync(path.join(folder, file), "utf8").trim().split(/\r?\n/)];
    })
    .map((lines) => `\n${lines.map((line) => `// ${line}`.trimEnd()).join("\n")}\n`)
    .join("");
}

mkdirSync(path.dirname(output), { recursive: true });
const fresh = `${output}.${process.pid}`;
writeFileSync(fresh, `${escaped(chunk.code)}${notices()}`);
chmodSync(fresh, 0o755);
renameSync(fresh, output);
