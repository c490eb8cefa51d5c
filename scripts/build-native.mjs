// Builds what ships with node-gyp into build/Release; a second run only builds what changed.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import process from "node:process";

const root = path.resolve(import.meta.dirname, "..");
const prefix = path.dirname(path.dirname(process.execPath));
const environment = { ...process.env };

// Headers that came with this Node spare node-gyp a download, and work without a network.
if (existsSync(path.join(prefix, "include", "node", "node_api.h"))) {
  environment.npm_package_config_node_gyp_nodedir ??= prefix;
}

const gyp = path.join(root, "node_modules", "node-gyp", "bin", "node-gyp.js");
const configured = existsSync(path.join(root, "build", "Makefile"));
for (const step of configured ? [["build"]] : [["configure"], ["build"]]) {
  const run = spawnSync(process.execPath, [gyp, "--silent", ...step], {
    cwd: root,
    env: environment,
    encoding: "utf8",
  });
  if (run.status !== 0) {
    process.stderr.write(`${run.stdout}${run.stderr}`);
    process.stderr.write("error: the native parts did not build; they need a C and C++ compiler, make and python3\n");
    process.stderr.write("hint: on Debian and Ubuntu: sudo apt-get install build-essential python3\n");
    process.exit(1);
  }
}
