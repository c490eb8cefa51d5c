// Runs node-gyp, itself or through prebuildify, in a folder with a binding.gyp, and ends the script with the compiler's
// own words where it fails.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { root } from "./step.mjs";

const modules = path.join(root, "node_modules");
const program = path.join(modules, "node-gyp", "bin", "node-gyp.js");

export function nodeGyp(folder, args) {
  start(folder, [program, "--silent", ...args], {});
}

/** Leaves the addon and the libraries in the folder's prebuilds/, for the processor that is among `args`. */
export function prebuildify(folder, args, variables) {
  const options = {
    target: process.versions.node,
    "node-gyp": program,
    // For Node's headers, where they have to be downloaded; its own choice is a fixed name in the shared /tmp.
    cache: path.join(root, ".cache", "prebuildify"),
  };
  const fixed = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  start(folder, [path.join(modules, "prebuildify", "bin.js"), "--napi", ...fixed, ...args], variables);
}

function start(folder, command, variables) {
  const environment = { ...process.env, ...variables };
  // Headers that came with this Node spare node-gyp a download, and work without a network.
  const prefix = path.dirname(path.dirname(process.execPath));
  if (existsSync(path.join(prefix, "include", "node", "node_api.h"))) {
    environment.npm_package_config_node_gyp_nodedir ??= prefix;
  }
  const run = spawnSync(process.execPath, command, { cwd: folder, env: environment, encoding: "utf8" });
  if (run.status !== 0) {
    process.stderr.write(`${run.stdout}${run.stderr}`);
    process.stderr.write("error: the native parts did not build; they need a C and C++ compiler, make and python3\n");
    process.stderr.write("hint: on Debian and Ubuntu: sudo apt-get install build-essential python3\n");
    process.exit(1);
  }
}
