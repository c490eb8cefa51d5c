// What the packagers are asked for on their command line, and what all of them refuse.
// usage of each: [--arch x64|arm64] [--out FOLDER] [--version VERSION-RELEASE] [--prebuilds FOLDER]
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { archs, wrongParts } from "../parts.mjs";
import { fail, root } from "../step.mjs";

/**
 * `version`: with the package's release behind the last '-'. `epoch`: in seconds, the time of each file. `stage`: a folder
 * that is gone when this program ends. `archs`: Node's names, each with the folder of its native parts.
 */
export function packageRequest() {
  const options = Object.fromEntries(["arch", "out", "version", "prebuilds"].map((name) => [name, { type: "string" }]));
  const { values } = parseArgs({ options });
  if (values.arch !== undefined && !archs.includes(values.arch)) fail(`--arch is one of ${archs.join(", ")}`);
  if (values.version !== undefined && !/^[^-]+-[^-]+$/.test(values.version)) {
    fail(`'${values.version}' is no version with the package's release`, "--version 1.2.3-1, or 1.2.3~rc.1-1");
  }
  const manifest = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
  const folder = path.resolve(values.prebuilds ?? path.join(root, "prebuilds"));
  const asked = (values.arch === undefined ? archs : [values.arch]).map((arch) => ({
    arch,
    prebuilds: path.join(folder, `linux-${arch}`),
  }));
  for (const { arch, prebuilds } of asked) {
    const wrong = wrongParts(prebuilds, arch);
    if (wrong !== undefined) fail(`'prebuilds/linux-${arch}' ${wrong}`, "npm run build:prebuilt");
  }
  const out = path.resolve(values.out ?? path.join(root, "dist", "packages"));
  mkdirSync(out, { recursive: true });
  const stage = mkdtempSync(path.join(tmpdir(), "portreserve-package-"));
  process.on("exit", () => rmSync(stage, { recursive: true, force: true }));
  // By '~' dpkg and rpm know what comes before a release.
  const version = values.version ?? `${manifest.version.replace("-", "~")}-1`;
  return { manifest, version, epoch: epochOf(), out, stage, archs: asked };
}

function epochOf() {
  const given = process.env.SOURCE_DATE_EPOCH;
  if (given !== undefined && /^\d+$/.test(given)) return Number(given);
  const { stdout } = spawnSync("git", ["log", "-1", "--format=%ct"], { cwd: root, encoding: "utf8" });
  if (/^\d+$/.test(stdout?.trim() ?? "")) return Number(stdout);
  return fail("nothing says of which time the package is", "set SOURCE_DATE_EPOCH to seconds since 1970");
}

/** Runs the distribution's own packager, in an environment that gives the same bytes each time. */
export function runPackager(command, args, { epoch, debianPackage }) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: "utf8",
    env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch), LC_ALL: "C.UTF-8", TZ: "UTC" },
  });
  if (error !== undefined) fail(`'${command}' cannot be started`, `sudo apt-get install ${debianPackage}`);
  if (status !== 0) fail(`'${command}' failed: ${stderr.trim() || stdout.trim()}`);
}

/** Puts a file into a folder, which may be on another file system; says where it is then. */
export function moveInto(folder, file) {
  const target = path.join(folder, path.basename(file));
  const beside = `${target}.${process.pid}`;
  const { status, stderr } = spawnSync("cp", [file, beside], { encoding: "utf8" });
  if (status !== 0) fail(`'${target}' cannot be written: ${stderr.trim()}`);
  renameSync(beside, target);
  return target;
}
