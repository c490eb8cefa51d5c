// A file that the user names for a result: its readers see the old one or the new one, never a part.
import { statSync } from "node:fs";
import path from "node:path";
import { AppError, fromSystem } from "../app-error.ts";
import { otherKind } from "./read-file.ts";
import { replaceFile } from "./replace-file.ts";
import { resolveUnder } from "./rooted.ts";

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
