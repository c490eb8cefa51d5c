// The removal of what killed runs left beside files that they were to replace, for verbs that say so where they cannot.
import { fromSystem } from "../app-error.ts";
import { namesIn } from "./entry.ts";
import { removeLeftoversOf } from "./replace-file.ts";

/** Beside one file, which need not be there. Throws AppError, with what `stays` true. */
export function tidyUpBeside(root: string, file: string, stays?: string): void {
  try {
    removeLeftoversOf(root, file);
  } catch (error) {
    throw fromSystem(error, `cannot tidy up beside '${file}'`, stays);
  }
}

/** Beside each file of a folder, which may be missing; where one is a link, beside what it leads to only for those in `files`. */
export function tidyUpIn(root: string, folder: string, files: readonly string[], stays?: string): void {
  const left = namesIn(root, folder).flatMap((name) => /^\.(.+)\.[0-9a-f]{16}\.tmp$/.exec(name)?.[1] ?? []);
  for (const file of new Set([...left.map((name) => `${folder}/${name}`), ...files])) tidyUpBeside(root, file, stays);
}
