// Builds the measuring programs of native/bench, and the libraries to preload in comparison, into .cache/bench.
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { have, root, run } from "../step.mjs";

const sources = path.join(root, "native", "bench");
export const cache = path.join(root, ".cache", "bench");
const libraries = path.join(cache, "lib");

/** The programs, by name. */
export const programs = {
  occupy: path.join(cache, "occupy"),
  perCall: path.join(cache, "per-call"),
  ready: path.join(cache, "ready"),
  serve: path.join(cache, "serve"),
  turns: path.join(cache, "turns"),
};

/** What was built by npm run build. */
export const built = {
  pidexec: path.join(root, "build", "Release", "portreserve-pidexec"),
  probe: path.join(root, "build", "Release", "portreserve-probe"),
  shim: path.join(root, "build", "Release", "libportreserve.so"),
  holder: path.join(root, "build", "Release", "portreserve-hold"),
  manager: path.join(root, "dist", "portreservectl.mjs"),
};

/** A gyp file that is JSON but for its comment lines; what it includes is merged in as gyp does, list by list. */
function readGyp(name) {
  const lines = readFileSync(path.join(root, "native", name), "utf8").split("\n");
  const { includes = [], ...own } = JSON.parse(lines.filter((line) => !line.trimStart().startsWith("#")).join("\n"));
  const merged = {};
  for (const part of [...includes.map(readGyp), own]) {
    for (const [key, value] of Object.entries(part))
      merged[key] = Array.isArray(value) ? [...(merged[key] ?? []), ...value] : value;
  }
  return merged;
}

/** The compiler's arguments for a library that is built just as the shim is. */
function shimFlags() {
  const shim = readGyp("shim.gypi");
  const here = shim.conditions.filter(([condition]) => condition.includes(`'${process.arch}'`));
  const own = [...shim.cflags_c, ...here.flatMap(([, { cflags_c = [] }]) => cflags_c)];
  const flags = [...own, "-shared", ...shim.ldflags];
  return { flags: flags.map((flag) => flag.replace("=../native/", `=${root}/native/`)), libraries: shim.libraries };
}

function compile(output, names, flags, after = []) {
  run("cc", [...flags, "-o", output, ...names.map((name) => path.join(sources, name)), ...after]);
}

/** A library to preload, in the one folder that all of them are in. */
export function library(name) {
  return path.join(libraries, `${name}.so`);
}

export function buildPrograms() {
  if (!have("cc", "gcc")) {
    console.error("error: nothing can be measured without a C compiler");
    process.exit(1);
  }
  mkdirSync(libraries, { recursive: true });
  const warnings = readGyp("plain-c.gypi").cflags_c;
  const flags = [...warnings, "-O2", "-D_GNU_SOURCE"];
  compile(programs.occupy, ["occupy.c"], flags);
  compile(programs.turns, ["turns.c"], flags);
  compile(programs.serve, ["serve.c"], flags);
  compile(programs.ready, ["ready.c"], flags);
  compile(programs.perCall, ["per-call.c", "allocators.c", "count-binds.c"], flags, ["-pthread", "-ldl"]);
  const shim = shimFlags();
  compile(library("tuned"), ["empty.c"], shim.flags, shim.libraries);
  compile(library("plain"), ["empty.c"], ["-shared", "-fPIC"]);
  compile(library("names"), ["exports.c"], shim.flags, shim.libraries);
}
