// Whether programs of every user may use a file: its mode, and that of each folder on its way.
import { statSync } from "node:fs";
import path from "node:path";
import type { ClosedPlace } from "../../coverage/facts.ts";
import { orUndefined } from "../../system/app-error.ts";
import { kernelRoot, resolveUnder } from "../../system/files/rooted.ts";

const READABLE = 0o444;
const PASSABLE = 0o111;

/**
 * The first folder or file that its mode keeps from somebody, its group among them; undefined where there is none, or no
 * such file. Links are followed inside `root`, whose own folders do not count.
 */
export function closedPlace(root: string, file: string): ClosedPlace | undefined {
  const real = orUndefined(() => resolveUnder(root, file).toString());
  if (real === undefined) return undefined;
  const names = path.relative(kernelRoot(root), real).split("/");
  for (const [index] of names.entries()) {
    const below = `/${names.slice(0, index + 1).join("/")}`;
    const stats = orUndefined(() => statSync(path.join(kernelRoot(root), below)));
    if (stats === undefined) return undefined;
    const needed = stats.isDirectory() ? PASSABLE : READABLE;
    if ((stats.mode & needed) !== needed) return { path: below, isFolder: stats.isDirectory() };
  }
  return undefined;
}
