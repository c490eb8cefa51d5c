// Prints what is in each folder it is given: a line for each name, with everything that makes two of them the same.
import { createHash } from "node:crypto";
import { closeSync, lstatSync, openSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createRequire } from "node:module";

const [addon, ...folders] = process.argv.slice(2);
const { attributes } = createRequire(import.meta.url)(addon);

/** @param {string} file */
function line(file) {
  const stats = lstatSync(file);
  const kind = stats.isDirectory() ? "folder" : stats.isSymbolicLink() ? "link" : stats.isFile() ? "file" : "other";
  // Who may not read his own file can only say when it was last changed.
  if (kind === "file" && process.getuid?.() !== 0 && (stats.mode & 0o400) === 0) {
    return `${file} closed ${(stats.mode & 0o7777).toString(8)} ${stats.uid}:${stats.gid} ${stats.size} ${stats.ctimeMs}`;
  }
  const content = { folder: () => "", link: () => readlinkSync(file), file: () => hash(file), other: () => stats.rdev }[
    kind
  ]();
  const extra = kind === "folder" || kind === "file" ? extended(file) : "";
  return `${file} ${kind} ${(stats.mode & 0o7777).toString(8)} ${stats.uid}:${stats.gid} ${content}${extra}`;
}

function hash(file) {
  return createHash("sha256").update(readFileSync(file)).digest("hex").slice(0, 16);
}

function extended(file) {
  const descriptor = openSync(file, "r");
  // An overlay keeps notes of its own.
  const own = attributes(descriptor).filter(({ name }) => !name.startsWith("trusted.overlay."));
  const found = own.map(({ name, value }) => ` ${name}=${Buffer.from(value).toString("hex")}`);
  closeSync(descriptor);
  return found.sort().join("");
}

function show(file) {
  console.log(line(file));
  if (lstatSync(file).isDirectory()) for (const name of readdirSync(file).sort()) show(`${file}/${name}`);
}

for (const folder of folders) show(folder);
