// Runs node-gyp, itself or through prebuildify, in a folder with a binding.gyp, and ends the script with the words of what
// failed: what is missing, or else the compiler's or node-gyp's own.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { root } from "./step.mjs";
import { buildTools, explain, missing } from "./tools.mjs";

const modules = path.join(root, "node_modules");
const program = path.join(modules, "node-gyp", "bin", "node-gyp.js");

export function nodeGyp(folder, args) {
  start(folder, [program, "--loglevel=error", ...args], {});
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

/** Where Node's headers are said to be; undefined where node-gyp has to look for them itself. */
export function headersFolder(environment = process.env) {
  const said = environment.npm_package_config_node_gyp_nodedir || environment.npm_config_nodedir;
  if (said) return said;
  // Headers that came with this Node spare node-gyp a download, and work without a network.
  const prefix = path.dirname(path.dirname(process.execPath));
  return existsSync(path.join(prefix, "include", "node", "node_api.h")) ? prefix : undefined;
}

function start(folder, command, variables) {
  // As many compilers at once as there are processors, unless it is said how many.
  const environment = { JOBS: "max", ...process.env, ...variables };
  const headers = headersFolder(environment);
  if (headers !== undefined) environment.npm_package_config_node_gyp_nodedir = headers;
  const run = spawnSync(process.execPath, command, { cwd: folder, env: environment, encoding: "utf8" });
  if (run.status === 0) return;
  const lacking = missing(buildTools(environment));
  // What node-gyp says of a missing program is long, and advises what is not needed.
  process.stderr.write(
    lacking.length > 0 ? explain(lacking) : `${run.stdout}${run.stderr}${advice(run.stderr, headers)}`,
  );
  process.stderr.write("error: the native parts did not build\n");
  process.exit(1);
}

/** On what is no fault of a compiler. */
function advice(said, headers) {
  if (
    headers !== undefined ||
    !/^gyp ERR! stack (FetchError|Error:.*network|.*(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT))/m.test(said)
  )
    return "";
  return `error: the headers of Node ${process.versions.node} are not on this machine, and could not be downloaded
hint: install them (with Debian's own nodejs: sudo apt-get install libnode-dev), or say where they are: npm_config_nodedir=FOLDER, which has include/node/
`;
}
