// Where the programs under test run from: a copy of what was built, at a plain path, in a folder that every user may enter.
import { chmodSync, copyFileSync, existsSync, mkdirSync, renameSync, statSync } from "node:fs";
import path from "node:path";
import { nativeFolder, packageRoot } from "../../../src/core/native.ts";

/** Set by set-up.ts. Without it (no test of that run starts a program as another user) all of it is where it was built. */
const folder = process.env.PORTRESERVE_STAGE;

/** The package's folder: package.json, dist/, build/Release/ and what dist/ imports. */
export const STAGE: string = folder ?? packageRoot;

export const MAIN: string = path.join(STAGE, "dist/portreservectl.mjs");
export const PORTRELEASE: string = path.join(STAGE, "dist/portrelease.js");

/** What PORTRESERVE_NODE names, else the Node of this run, or a copy where another user may not enter its folder. */
export const NODE: string =
  process.env.PORTRESERVE_NODE ??
  (folder !== undefined && existsSync(path.join(folder, "bin/node"))
    ? path.join(folder, "bin/node")
    : process.execPath);

/** The folder of the addon, the shim and the helper programs. Throws AddonMissing before they are built. */
export function stagedNatives(): string {
  return folder === undefined ? nativeFolder() : path.join(folder, "build/Release");
}

/** A file of this checkout, or of its cache, where every user may read and run it. */
export function staged(file: string): string {
  if (folder === undefined) return file;
  const place = path.join(folder, path.relative(packageRoot, file).replace(/^\.cache\//, ""));
  if (!existsSync(place)) {
    mkdirSync(path.dirname(place), { recursive: true });
    // Several test files may want it at the same time.
    const fresh = `${place}.${process.pid}`;
    copyFileSync(file, fresh);
    forAll(fresh);
    renameSync(fresh, place);
  }
  return place;
}

/** Every user may read it, and start it where its owner may, who may have made it for himself alone. */
export function forAll(file: string): void {
  chmodSync(file, (statSync(file).mode & 0o100) === 0 ? 0o644 : 0o755);
}
