// Copies of the sources with one fault in them, for the controls.
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { root } from "../step.mjs";

export const cache = path.join(root, ".cache", "fuzz");

/** The folder of a copy with this plant, or the project's own where there is none. */
export function treeWith(name, plant) {
  if (plant === undefined) return root;
  const copy = path.join(cache, "planted", name);
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(copy, { recursive: true });
  for (const folder of ["native/hold", "native/preload", "native/table", "src", "test/core", "test/fuzz"]) {
    cpSync(path.join(root, folder), path.join(copy, folder), { recursive: true });
  }
  symlinkSync(path.join(root, "node_modules"), path.join(copy, "node_modules"));
  const file = path.join(copy, plant.file);
  const parts = readFileSync(file, "utf8").split(plant.from);
  if (parts.length !== 2) throw new Error(`'${plant.from}' is ${parts.length - 1} times in '${plant.file}', not once`);
  writeFileSync(file, parts.join(plant.to));
  return copy;
}
