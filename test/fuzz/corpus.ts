// The real inputs that cases are made from: test/fuzz/corpus/NAME, in the order of their names, so that a seed says all.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";

/** Of the project's folder, in which scripts/fuzz.mjs runs. */
export function corpus(name: string): readonly Uint8Array[] {
  const folder = path.join(process.cwd(), "test", "fuzz", "corpus", name);
  return readdirSync(folder)
    .sort()
    .map((file) => readFileSync(path.join(folder, file)));
}
