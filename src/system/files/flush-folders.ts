// Makes what earlier runs did to the names of files survive a power cut: one that was killed has not flushed its last.
import { statSync } from "node:fs";
import path from "node:path";
import { fromSystem } from "../app-error.ts";
import { hostPath } from "../command-text.ts";
import { flushed } from "./replace-file.ts";
import { resolveUnder } from "./rooted.ts";

/**
 * Flushes the folders of these files, absolute paths under `root`, each once; where a folder is gone, the nearest one
 * above it that is there. Throws AppError.
 */
export function flushFoldersOf(root: string, files: readonly string[]): void {
  for (const folder of new Set(files.map((file) => path.dirname(file)))) {
    try {
      flushed(Buffer.concat([nearest(root, folder), Buffer.from("/")]));
    } catch (error) {
      throw fromSystem(error, `cannot flush the folder '${folder}'`, undefined, hostPath(root, folder));
    }
  }
}

function nearest(root: string, folder: string): Buffer {
  for (let at = folder; at !== "/"; at = path.dirname(at)) {
    const real = resolveUnder(root, at);
    if (statSync(real, { throwIfNoEntry: false })?.isDirectory() ?? false) return real;
  }
  return Buffer.from(root);
}
