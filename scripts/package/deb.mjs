// Makes the Debian packages out of the prebuilt parts and the bundle, with dpkg-deb alone: equal inputs give equal bytes.
// usage: npm run package:deb [-- [--arch x64|arm64] [--out FOLDER] [--version VERSION] [--prebuilds FOLDER]]
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { wrongParts } from "../parts.mjs";
import { root } from "../step.mjs";
import { layOut } from "./layout.mjs";
import { controlText, scriptTexts } from "./texts.mjs";
import { sizeOf, writeTree } from "./tree.mjs";

/** Node's names, and Debian's. */
const ARCHS = { x64: "amd64", arm64: "arm64" };

const { values } = parseArgs({
  options: {
    arch: { type: "string" },
    out: { type: "string" },
    version: { type: "string" },
    prebuilds: { type: "string" },
  },
});
if (values.arch !== undefined && !(values.arch in ARCHS)) fail(`--arch is one of ${Object.keys(ARCHS).join(", ")}`);
const out = path.resolve(values.out ?? path.join(root, "dist", "packages"));
const manifest = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
const version = values.version ?? `${manifest.version}-1`;
const epoch = epochOf();
const archs = values.arch === undefined ? Object.keys(ARCHS) : [values.arch];
const partsOf = (arch) => path.join(path.resolve(values.prebuilds ?? path.join(root, "prebuilds")), `linux-${arch}`);
for (const arch of archs) {
  const wrong = wrongParts(partsOf(arch), arch);
  if (wrong !== undefined) fail(`'prebuilds/linux-${arch}' ${wrong}`, "npm run build:prebuilt");
}
mkdirSync(out, { recursive: true });
for (const arch of archs) console.log(await make(arch));

function fail(message, hint) {
  console.error(`error: ${message}`);
  if (hint !== undefined) console.error(`hint: ${hint}`);
  process.exit(1);
}

/** In seconds: every file has this time. */
function epochOf() {
  const given = process.env.SOURCE_DATE_EPOCH;
  if (given !== undefined && /^\d+$/.test(given)) return Number(given);
  const { stdout } = spawnSync("git", ["log", "-1", "--format=%ct"], { cwd: root, encoding: "utf8" });
  if (/^\d+$/.test(stdout?.trim() ?? "")) return Number(stdout);
  return fail("nothing says of which time the package is", "set SOURCE_DATE_EPOCH to seconds since 1970");
}

/** The file that was made. */
async function make(arch) {
  const debian = ARCHS[arch];
  const entries = await layOut({ arch, debian, version, manifest, epoch, prebuilds: partsOf(arch) });
  const stage = mkdtempSync(path.join(tmpdir(), "portreserve-deb-"));
  process.on("exit", () => rmSync(stage, { recursive: true, force: true }));
  const tree = path.join(stage, "tree");
  const sums = entries
    .filter(({ bytes }) => bytes !== undefined)
    .map(({ path: file, bytes }) => `${createHash("md5").update(bytes).digest("hex")}  ${file}\n`);
  const control = [
    { path: "DEBIAN/control", bytes: Buffer.from(controlText({ debian, version, size: sizeOf(entries) })) },
    { path: "DEBIAN/md5sums", bytes: Buffer.from(sums.join("")) },
    { path: "DEBIAN/triggers", bytes: Buffer.from("interest-noawait /etc/portreserve\n") },
    ...scriptTexts(arch, partsOf(arch)).map(([name, text]) => ({
      path: `DEBIAN/${name}`,
      bytes: Buffer.from(text),
      mode: 0o755,
    })),
  ];
  writeTree(tree, [...entries, ...control], epoch);
  const name = `portreservectl_${version}_${debian}.deb`;
  const made = path.join(stage, name);
  const { status, stderr } = spawnSync("dpkg-deb", ["--root-owner-group", "-Zxz", "--build", tree, made], {
    encoding: "utf8",
    env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch), LC_ALL: "C.UTF-8", TZ: "UTC" },
  });
  if (status !== 0) fail(`dpkg-deb failed: ${stderr ?? "it is not installed"}`, "sudo apt-get install dpkg");
  const file = path.join(out, name);
  rmSync(file, { force: true });
  moveTo(made, file);
  return file;
}

/** The stage may be on another file system. */
function moveTo(from, to) {
  const beside = `${to}.${process.pid}`;
  spawnSync("cp", [from, beside]);
  renameSync(beside, to);
}
