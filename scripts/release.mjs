// Makes all that a release consists of, from what is committed: npm's tarball, the packages for distributions, and SHA256SUMS over them.
// usage: npm run release [-- [--check] [--out FOLDER]]; --check looks whether it can be made, and makes nothing
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { archs, parts, wrongParts } from "./parts.mjs";
import { fail, root, run } from "./step.mjs";

const { values } = parseArgs({ options: { check: { type: "boolean" }, out: { type: "string" } } });
const textOf = (name) => readFileSync(path.join(root, name), "utf8");
const { version } = JSON.parse(textOf("package.json"));
const out = path.resolve(values.out ?? path.join(root, ".cache/release", version));

const faults = [...uncommitted(), ...otherTag(), ...changelog(), ...lockFile(), ...nativeParts(), ...folder()];
for (const { message, hint } of faults) console.error(`error: ${message}\nhint: ${hint}`);
if (faults.length > 0) process.exit(1);
if (values.check) console.log(`${version} can be released`);
else make();

function git(...args) {
  const { error, stdout } = spawnSync("git", args, { cwd: root, encoding: "utf8" });
  if (error !== undefined) fail("missing: 'git', which says what is committed", "sudo apt-get install git");
  return stdout.trim();
}

/** What is not committed would be in the release, and in no checkout of it. */
function uncommitted() {
  const [first, ...others] = git("status", "--porcelain").split("\n");
  if (first === "") return [];
  const more = others.length === 0 ? "" : `, and ${others.length} more`;
  return [{ message: `'${first.slice(first.indexOf(" ") + 1).trim()}' is not committed${more}`, hint: "git status" }];
}

function otherTag() {
  const tagged = git("rev-parse", "--verify", "--quiet", `v${version}^{commit}`);
  if (tagged === "" || tagged === git("rev-parse", "HEAD")) return [];
  return [{ message: `the tag 'v${version}' is of another commit`, hint: `git checkout v${version}` }];
}

function changelog() {
  const heading = new RegExp(`^## \\[${version.replaceAll(".", "\\.")}\\] - \\d{4}-\\d{2}-\\d{2}$`, "m");
  if (heading.test(textOf("CHANGELOG.md"))) return [];
  const today = new Date().toISOString().slice(0, 10);
  const hint = `sed -i 's/^## \\[Unreleased\\]$/&\\n\\n## [${version}] - ${today}/' CHANGELOG.md`;
  return [{ message: `CHANGELOG.md has no section of '${version}'`, hint }];
}

function lockFile() {
  const lock = JSON.parse(textOf("package-lock.json"));
  const other = [lock.version, lock.packages[""].version].find((one) => one !== version);
  if (other === undefined) return [];
  const message = `package-lock.json says version '${other}', and package.json '${version}'`;
  return [{ message, hint: "npm install --package-lock-only --ignore-scripts" }];
}

/** Libraries say their version, by which status knows an outdated one. The sums of their sources do not have it in them. */
function nativeParts() {
  return archs.flatMap((arch) => {
    const name = `prebuilds/linux-${arch}`;
    const wrong = wrongParts(path.join(root, name), arch) ?? otherVersion(arch, name);
    return wrong === undefined ? [] : [{ message: `'${name}' ${wrong}`, hint: "npm run build:prebuilt" }];
  });
}

function otherVersion(arch, name) {
  const other = parts(arch)
    .filter((part) => part.endsWith(".so"))
    .find((part) => !readFileSync(path.join(root, name, part), "latin1").includes(` ${version} `));
  return other === undefined ? undefined : `has a '${other}' of another version than '${version}'`;
}

function folder() {
  if (values.check || !existsSync(out) || readdirSync(out).length === 0) return [];
  return [{ message: `'${out}' is not empty`, hint: `rm -r '${out}'` }];
}

function make() {
  mkdirSync(out, { recursive: true });
  for (const script of ["build:ts", "build:bundle"]) run("npm", ["run", "--silent", script]);
  for (const kind of ["deb", "rpm"]) run("npm", ["run", "--silent", `package:${kind}`, "--", "--out", out]);
  // Not npm's hooks: they would build the native parts of a checkout. What they look for, this script has seen.
  run("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", out]);
  const names = readdirSync(out).sort();
  for (const name of names) isOfVersion(path.join(out, name));
  const sums = names.map((name) => {
    const sum = createHash("sha256")
      .update(readFileSync(path.join(out, name)))
      .digest("hex");
    return `${sum}  ${name}\n`;
  });
  writeFileSync(path.join(out, "SHA256SUMS"), sums.join(""));
  console.log(`\n${sums.join("")}made: '${out}', of ${git("describe", "--tags", "--always", "--long")}`);
}

/** As its own tool reads it. */
function isOfVersion(file) {
  const commands = {
    ".deb": ["dpkg-deb", "--field", file, "Version"],
    ".rpm": ["rpm", "-qp", "--qf", "%{VERSION}-%{RELEASE}", file],
    ".tgz": ["tar", "-xzOf", file, "package/package.json"],
  };
  const [command, ...args] = commands[path.extname(file)];
  const said = spawnSync(command, args, { encoding: "utf8" }).stdout?.trim() ?? "";
  const found = said.startsWith("{") ? JSON.parse(said).version : said.replace(/-1$/, "").replace("~", "-");
  if (found !== version) fail(`'${file}' is of version '${found}', and package.json of '${version}'`, `rm -r '${out}'`);
}
