// Builds the measuring programs of native/bench, and the libraries to preload in comparison, into .cache/bench.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
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
  turns: path.join(cache, "turns"),
};

/** What was built by npm run build. */
export const built = {
  pidexec: path.join(root, "build", "Release", "portreserve-pidexec"),
  shim: path.join(root, "build", "Release", "libportreserve.so"),
  manager: path.join(root, "dist", "portreservectl.mjs"),
};

/** A gyp file that is JSON but for its comment lines. */
function readGyp(name) {
  const lines = readFileSync(path.join(root, "native", name), "utf8").split("\n");
  return JSON.parse(lines.filter((line) => !line.trimStart().startsWith("#")).join("\n"));
}

/** The compiler's arguments for a library that is built just as the shim is. */
function shimFlags() {
  const shim = readGyp("shim.gypi");
  const flags = [...readGyp("plain-c.gypi").cflags_c, ...shim.cflags_c, "-shared", ...shim.ldflags];
  return { flags: flags.map((flag) => flag.replace("<(module_root_dir)", root)), libraries: shim.libraries };
}

function compile(output, names, flags, after = []) {
  run("cc", [...flags, "-o", output, ...names.map((name) => path.join(sources, name)), ...after]);
}

function library(name) {
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
  compile(programs.perCall, ["per-call.c", "count-binds.c"], flags, ["-pthread", "-ldl"]);
  const shim = shimFlags();
  compile(library("tuned"), ["empty.c"], shim.flags, shim.libraries);
  compile(library("plain"), ["empty.c"], ["-shared", "-fPIC"]);
}

/** Where Debian and its like (`lib/x86_64-linux-gnu`) and the others (`lib64`) have libeatmydata. */
function eatmydata() {
  return ["/usr/lib", "/usr/lib64"]
    .flatMap((folder) => [folder, ...subfolders(folder)])
    .map((folder) => path.join(folder, "libeatmydata.so"))
    .find((file) => existsSync(file));
}

function subfolders(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name.includes("-linux-"))
    .map((entry) => path.join(folder, entry.name));
}

/**
 * Libraries to preload, all in one folder under names of one length, so that finding them costs the same.
 * `eatmydata` is undefined where it is not installed.
 */
export function preloadLibraries() {
  cpSync(built.shim, library("shim_"));
  const found = eatmydata();
  if (found !== undefined) cpSync(found, library("eatmy"), { dereference: true });
  return {
    tuned: library("tuned"),
    plain: library("plain"),
    shim: library("shim_"),
    eatmydata: found === undefined ? undefined : library("eatmy"),
  };
}
