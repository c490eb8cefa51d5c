// What the package carries for each processor: the addon, and beside it the shim, its twin that gives high ports, the holder
// with the library for owners that do not share, and the helper programs, with a list of their sums, which also says of which sources they are.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { root } from "./step.mjs";

/** As Node names them. */
export const archs = ["x64", "arm64"];

const common = [
  "portreserve.node",
  "libportreserve.so",
  "libportreserve-high.so",
  "libportreserve-share.so",
  "portreserve-hold",
  "portreserve-probe",
  "portreserve-probe-static",
  "portreserve-pidexec",
];

/** Hosts of 64-bit x86 also run 32-bit programs. */
export function parts(arch) {
  return arch === "x64"
    ? [
        ...common,
        "libportreserve-i386.so",
        "libportreserve-high-i386.so",
        "libportreserve-share-i386.so",
        "portreserve-probe-i386",
      ]
    : common;
}

/** The list's name, beside the parts. */
export const SUMS = "SHA256SUMS";

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const sumLine = (folder, name) => `${sha256(readFileSync(path.join(folder, name)))}  ${name}`;

/** The list for the parts in a folder, in the form that sha256sum(1) writes and checks, to which '#' is a comment. */
export function sumsOf(folder, arch) {
  const lines = parts(arch)
    .toSorted()
    .map((name) => sumLine(folder, name));
  return [`# of sources ${sourceDigest()}`, ...lines, ""].join("\n");
}

/** What is wrong with the parts in a folder, as the end of "'FOLDER' …"; undefined when they are as they were built, of these sources. */
export function wrongParts(folder, arch) {
  const has = readdirOrNone(folder);
  const missing = [...parts(arch), SUMS].find((name) => !has.includes(name));
  if (missing !== undefined) return `has no '${missing}'`;
  const [of, ...written] = readFileSync(path.join(folder, SUMS), "utf8").split("\n");
  const [now, ...found] = sumsOf(folder, arch).split("\n");
  if (of !== now) return "is of other sources";
  const changed = found.find((line) => !written.includes(line));
  return changed === undefined ? undefined : `has a '${changed.split("  ")[1]}' that is not what was built`;
}

function readdirOrNone(folder) {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (error.code === "ENOENT") return [];
    throw error;
  }
}

/** One sum of everything that the parts are made of but the compiler. */
function sourceDigest() {
  const inNative = (folder) =>
    readdirSync(path.join(root, "native", folder), { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => path.join("native", folder, name));
  const code = ["addon", "high", "hold", "preload", "probe", "share", "table"].flatMap(inNative);
  const rules = inNative(".").filter((file) => file.endsWith(".gypi"));
  const files = [...code, ...rules, "binding.gyp", "scripts/can-build-i386.sh"];
  const api = JSON.parse(readFileSync(path.join(root, "node_modules/node-addon-api/package.json"), "utf8")).version;
  const sums = files.sort().map((file) => sumLine(root, file));
  return sha256([...sums, `node-addon-api ${api}`].join("\n"));
}
