// Builds the native parts that the package carries into prebuilds/, for both processors, or for one. Every run compiles
// a fresh copy of the sources, so that equal sources and compilers give equal bytes, wherever the checkout is. Beside the
// parts is the list of their sums.
// usage: npm run build:prebuilt [-- [--arch x64|arm64] [--out FOLDER]]
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { prebuildify } from "./node-gyp.mjs";
import { archs, parts, SUMS, sumsOf } from "./parts.mjs";
import { fail, root, run } from "./step.mjs";
import { buildTools, explain, missing } from "./tools.mjs";

/** Debian's names: of the compilers' prefix and of the package that has them. */
const cross = {
  x64: { prefix: "x86_64-linux-gnu-", debianPackage: "g++-x86-64-linux-gnu" },
  arm64: { prefix: "aarch64-linux-gnu-", debianPackage: "g++-aarch64-linux-gnu" },
};

const { values } = parseArgs({ options: { arch: { type: "string" }, out: { type: "string" } } });
if (values.arch !== undefined && !archs.includes(values.arch)) fail(`--arch is one of ${archs.join(", ")}`);
const out = path.resolve(values.out ?? path.join(root, "prebuilds"));
const wanted = values.arch === undefined ? archs : [values.arch];
mkdirSync(out, { recursive: true });
needAll(wanted);
for (const arch of wanted) build(arch);

/** What builds for a processor, for node-gyp and for us. */
function toolsFor(arch) {
  const prefix = arch === process.arch ? "" : cross[arch].prefix;
  const variables = { CC: `${prefix}gcc`, CXX: `${prefix}g++`, AR: `${prefix}ar`, LINK: `${prefix}g++` };
  return {
    variables,
    strip: `${prefix}strip`,
    debianPackage: prefix === "" ? "build-essential" : cross[arch].debianPackage,
  };
}

/** Ends this script, before anything was built, with all that is missing for all of these processors. */
function needAll(wanted) {
  const needed = wanted.flatMap((arch) => {
    const { variables, strip, debianPackage } = toolsFor(arch);
    const own = [...Object.values(variables), strip].map((program) => ({ program, debianPackage }));
    return [...own, ...buildTools(variables).filter(({ program }) => !Object.values(variables).includes(program))];
  });
  const names = [...new Set(needed.map(({ program }) => program))];
  const lacking = missing(names.map((name) => needed.find(({ program }) => program === name)));
  if (lacking.length > 0) {
    process.stderr.write(explain(lacking, wanted.length > 1 ? "'--arch' builds for one processor only" : ""));
    process.exit(1);
  }
  if (wanted.includes("x64") && !canBuildI386(toolsFor("x64").variables.CC)) {
    fail(
      `for x64 the package also has 32-bit parts, and '${toolsFor("x64").variables.CC}' cannot make 32-bit programs`,
      "on Debian and Ubuntu: sudo apt-get install gcc-multilib; beside a cross compiler, what CONTRIBUTING.md says instead",
    );
  }
}

function canBuildI386(compiler) {
  const script = path.join(root, "scripts", "can-build-i386.sh");
  const { stdout } = spawnSync("sh", [script], { encoding: "utf8", env: { ...process.env, CC: compiler } });
  return stdout?.trim() === "1";
}

function build(arch) {
  const { variables: tools, strip } = toolsFor(arch);
  const stage = mkdtempSync(path.join(out, `.${arch}-`));
  process.on("exit", () => rmSync(stage, { recursive: true, force: true }));
  for (const name of ["binding.gyp", "package.json", "native", "scripts", "node_modules/node-addon-api"]) {
    cpSync(path.join(root, name), path.join(stage, name), { recursive: true });
  }
  console.log(`> building for ${arch} with ${tools.CXX}`);
  prebuildify(stage, ["--arch", arch, "--strip", "--strip-bin", strip], tools);

  // The addon and the libraries are there; programs are not prebuildify's.
  const made = path.join(stage, "prebuilds", `linux-${arch}`);
  for (const name of parts(arch)) {
    const part = path.join(made, name);
    const built = path.join(stage, "build", "Release", name);
    if (!existsSync(part) && existsSync(built)) run(strip, ["--strip-all", "-o", part, built]);
    if (!existsSync(part)) fail(`'${name}' was not built`);
    chmodSync(part, /\.(so|node)$/.test(name) ? 0o644 : 0o755);
  }
  const sums = path.join(made, SUMS);
  writeFileSync(sums, sumsOf(made, arch));
  chmodSync(sums, 0o644);
  chmodSync(made, 0o755);
  const folder = path.join(out, `linux-${arch}`);
  rmSync(folder, { recursive: true, force: true });
  renameSync(made, folder);
}
