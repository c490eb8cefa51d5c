// Compiles small C programs for tests, once per content and flags, into the ignored .cache folder.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { STAGE, staged } from "./stage/stage.ts";

const root = path.resolve(import.meta.dirname, "..", "..");

/**
 * Compiles `sources` (paths below the project's folder) with `compiler` (default `cc`) and returns the path of a copy
 * that every user may run; its name begins with the first one's. What they include in quotes, and headers beside them,
 * count as theirs. `flags` come after the sources, so that libraries among them are searched for what they need. Throws
 * with the compiler's own words when they do not compile.
 */
export function compileC(sources: string | readonly string[], flags: readonly string[] = [], compiler = "cc"): string {
  const files = [sources].flat().map((source) => path.join(root, source));
  const key = createHash("sha256").update([compiler, ...flags].join("\0"));
  for (const file of files.flatMap((source) => [source, source.replace(/c$/, "h"), ...includedBy(source)])) {
    if (existsSync(file)) key.update(readFileSync(file));
  }
  const name = `${path.basename(files[0] ?? "", ".c")}-${key.digest("hex").slice(0, 16)}`;
  // What is linked with a program of this run's copy has that one's place in it, and is of no use to another run.
  const keptIn = STAGE !== root && flags.some((flag) => flag.includes(STAGE)) ? STAGE : path.join(root, ".cache");
  const program = path.join(keptIn, "test-programs", name);
  if (!existsSync(program)) {
    mkdirSync(path.dirname(program), { recursive: true });
    const fresh = `${program}.${process.pid}`;
    execFileSync(compiler, ["-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-o", fresh, ...files, ...flags]);
    renameSync(fresh, program);
  }
  return keptIn === STAGE ? program : staged(program);
}

function includedBy(source: string): readonly string[] {
  const names = [...readFileSync(source, "utf8").matchAll(/^#include "(.+)"$/gm)].map(([, name = ""]) => name);
  return names.map((name) => path.join(path.dirname(source), name));
}
