// write-output as of old: what has the name is written to, whatever it is.
import { statSync } from "node:fs";
import path from "node:path";
import { AppError, fromSystem } from "../../../../../src/system/app-error.ts";
import { otherKind } from "../../../../../src/system/files/read-file.ts";
import { replaceFile } from "../../../../../src/system/files/replace-file.ts";
import { resolveUnder } from "../../../../../src/system/files/rooted.ts";

/** Everybody may read it. A link is followed. Throws AppError, and then the old file is untouched. */
export function writeOutput(name: string, text: string): void {
  if (name === "") throw new AppError("usage", "'--output' names no file", "write --output FILE");
  try {
    const file = resolveUnder("/", path.resolve(name));
    const stats = statSync(file, { throwIfNoEntry: false });
    const kind = stats === undefined ? undefined : otherKind(stats);
    if (kind !== undefined) throw new AppError("unsafe", `will not replace '${name}': ${kind}`, "name another file");
    replaceFile({ file, bytes: Buffer.from(text), mode: 0o644 });
  } catch (error) {
    throw fromSystem(error, `cannot write '${name}'`, undefined, path.dirname(path.resolve(name)));
  }
}
