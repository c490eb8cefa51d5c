// Folders that are dear to make are made once and kept in .cache: roots, and Nodes to run in them.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import path from "node:path";
import { packageRoot } from "../../../src/core/native.ts";

const SCRIPT = path.join(import.meta.dirname, "once.sh");

/** Where a folder is kept that is made in this way: what `way` says differently is made anew. */
export function cached(kind: string, name: string, way: readonly string[]): string {
  const key = createHash("sha256").update(way.join("\0")).digest("hex").slice(0, 12);
  return path.join(packageRoot, ".cache", kind, `${name}-${key}`);
}

/** Makes it if it is not there: a command for sh(1) fills $FRESH. Undefined when it is there, else the command's words on why not. */
export async function makeOnce(folder: string, command: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(
      "sh",
      [SCRIPT, folder, "sh", "-euc", ...command],
      { cwd: "/", maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        const words = `${stdout}${stderr}`.trim().split(/[\r\n]+/);
        // apt's first word on it says why; the last one only that.
        const why = words.find((line) => line.startsWith("E: "))?.slice(3) ?? words.at(-1) ?? "";
        resolve(error === null ? undefined : why === "" ? error.message : why);
      },
    );
  });
}
