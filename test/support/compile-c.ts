// Compiles a small C program for a test, once per content and flags, into the ignored .cache folder.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, statSync } from "node:fs";
import path from "node:path";
import process from "node:process";

const root = path.resolve(import.meta.dirname, "..", "..");

/**
 * Compiles `source` (a path below the project's folder) with `compiler` (default `cc`) and returns the program's path.
 * `flags` come after the source, so that libraries among them are searched for what it needs.
 * Throws with the compiler's own words when it does not compile.
 */
export function compileC(source: string, flags: readonly string[] = [], compiler = "cc"): string {
  const file = path.join(root, source);
  const name = path.basename(source, ".c");
  const key = createHash("sha256")
    .update(readFileSync(file))
    .update([compiler, ...flags].join("\0"));
  const program = path.join(root, ".cache", "test-programs", `${name}-${key.digest("hex").slice(0, 16)}`);
  if (statSync(program, { throwIfNoEntry: false }) === undefined) {
    mkdirSync(path.dirname(program), { recursive: true });
    const fresh = `${program}.${process.pid}`;
    execFileSync(compiler, ["-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-o", fresh, file, ...flags]);
    renameSync(fresh, program);
  }
  return program;
}
