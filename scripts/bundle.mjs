// Bundles the manager into dist/portreservectl.mjs: one file that needs Node and the native parts, and no node_modules.
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import path from "node:path";
import process from "node:process";
import { rolldown } from "rolldown";
import { parseAst } from "rolldown/parseAst";
import { root } from "./step.mjs";

/** `install` knows its own file by this line. */
const SECOND_LINE = "// portreservectl, the manager of portreserve, in one file; made by scripts/bundle.mjs";

const output = path.resolve(process.argv[2] ?? path.join(root, "dist", "portreservectl.mjs"));

/** One file of `src` with all that it imports, as one text. */
async function bundled(input, options, transform = { target: "node18.19" }) {
  const bundle = await rolldown({
    cwd: root,
    input,
    platform: "node",
    transform,
    onLog: (level, log) => {
      if (level === "warn") throw new Error(`the bundler warns: ${log.message}`);
    },
  });
  const made = await bundle.generate({ codeSplitting: false, comments: false, ...options });
  await bundle.close();
  const [chunk, ...others] = made.output;
  if (others.length > 0) throw new Error(`one file was wanted, and there are ${made.output.length}`);
  const builtin = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));
  const missing = chunk.imports.filter((name) => !builtin.has(name));
  if (missing.length > 0) throw new Error(`not in the bundle: ${missing.join(", ")}`);
  return chunk;
}

/** The oldest Node that runs the manager, as package.json says. */
const [major, minor] = /^>=(\d+)\.(\d+)$/
  .exec(JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")).engines.node)
  .slice(1);

/**
 * Any Node that reads modules reads these lines, and says by them that it is too old. Builtins are not imported where that
 * can be helped: an import asks each for all that it has, and has the streams of the process made with it.
 */
const firstLines = (digest, line) => `#!/usr/bin/env node
${SECOND_LINE}
const DIGEST = "${digest}";
const LINE = ${line};
const file = decodeURIComponent(import.meta.url.slice("file://".length));
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < ${major} || (major === ${major} && minor < ${minor})) {
  const fault = \`this is Node \${process.version}, and ${major}.${minor} or newer is needed\`;
  const plugin = process.argv.includes("--nagios");
  if (plugin) console.log(\`PORTRESERVE UNKNOWN - \${fault}\`);
  else console.error(\`portreservectl: error: \${fault}\\nhint: Debian 12, Ubuntu 24.04 and what is newer have one: 'apt-get install nodejs'\`);
  process.exitCode = plugin ? 3 : 69;
} else if (process.getBuiltinModule) start(process.getBuiltinModule);
else import("module").then(({ createRequire }) => start(createRequire(file)));

function start(builtin) {
const require = builtin;
`;
const start = await bundled("src/system/code/bundle-start.ts", { format: "cjs" }, { target: "node12.17" });
const chunk = await bundled("src/main.ts", { format: "cjs" });

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

/** As src/system/code/bundle-start.ts reads it: in a comment, which ends where it does. */
function hidden(code) {
  const program = code.replace(/^#!.*\n/, "");
  return `(function (require, __filename, compiledCode) { "use strict";\n${withoutEnds(program)}})`;
}

/** The same program without the characters that end a comment, of which it has some in texts and patterns. */
function withoutEnds(code) {
  const changes = [];
  const visit = (node) => {
    if (node === null || typeof node !== "object") return;
    if ((node.type === "Literal" || node.type === "TemplateElement") && code.slice(node.start, node.end).includes("*/"))
      changes.push(node);
    for (const child of Array.isArray(node) ? node : Object.values(node)) visit(child);
  };
  visit(parseAst(code));
  let done = code;
  for (const { start, end, regex } of changes.sort((a, b) => b.start - a.start)) {
    const text = code.slice(start, end);
    const last = regex === undefined ? text.length : text.lastIndexOf("/");
    const inside = text.slice(0, last).replaceAll("*/", "*\\/");
    const whole = inside.endsWith("*") && regex !== undefined ? `/(?:${inside.slice(1)})` : inside;
    done = done.slice(0, start) + whole + text.slice(last) + done.slice(end);
  }
  if (done.includes("*/")) throw new Error("the end of a comment is left in the program");
  return done;
}

const program = escaped(hidden(chunk.code));
const digest = createHash("sha256").update(program).digest("hex");
const before = (line) => `${firstLines(digest, line)}${escaped(start.code)}}\nfunction program() {\n/*\n`;
const whole = `${before(before(0).split("\n").length - 1)}${program}\n*/\n}\n${notices()}`;
if (whole.split("\n/*\n").length !== 2 || whole.split("\n*/\n").length !== 2)
  throw new Error("the program is not found");

mkdirSync(path.dirname(output), { recursive: true });
const fresh = `${output}.${process.pid}`;
writeFileSync(fresh, whole);
chmodSync(fresh, 0o755);
renameSync(fresh, output);
