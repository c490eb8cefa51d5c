// Builds what ships with node-gyp into build/Release. A second run only builds what changed, unless it is for another Node,
// in another place, by another compiler or of another version than build/ was made for: then all of it is rebuilt.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { headersFolder, nodeGyp } from "./node-gyp.mjs";
import { root } from "./step.mjs";

const build = path.join(root, "build");
const stamp = path.join(build, "made-for.json");

/** What node-gyp writes into the Makefile, or decides by when it does, and make does not look at again. */
function circumstances() {
  const i386 = spawnSync("sh", ["scripts/can-build-i386.sh"], { cwd: root, encoding: "utf8" }).stdout?.trim();
  const { CC = "", CXX = "" } = process.env;
  const node = [process.version, process.arch, headersFolder() ?? "downloaded headers"];
  // The libraries say it.
  const { version } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
  return `${JSON.stringify({ root, version, node, compilers: [CC, CXX], i386 }, null, 2)}\n`;
}

/** Headers can go while Node stays: node-gyp keeps downloaded ones in a cache. */
function hasItsHeaders() {
  const text = readFileSync(path.join(build, "config.gypi"), "utf8").replace(/^#.*$/m, "");
  const { nodedir } = JSON.parse(text).variables;
  return existsSync(path.join(nodedir, "include", "node", "common.gypi"));
}

const now = circumstances();
const files = ["Makefile", "config.gypi"].map((name) => path.join(build, name));
const fresh =
  [...files, stamp].every((file) => existsSync(file)) && readFileSync(stamp, "utf8") === now && hasItsHeaders();
if (!fresh) {
  rmSync(build, { recursive: true, force: true });
  nodeGyp(root, ["configure"]);
  writeFileSync(stamp, now);
}
nodeGyp(root, ["build"]);
