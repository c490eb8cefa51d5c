// Where the parts of an installation are, and the removal of what killed runs left beside them.
import { type Artefact, foldersOf } from "../../core/install/artefacts.ts";
import type { InstallState } from "../../core/install/plan.ts";
import { loadedNames } from "../../core/preload-list/loaded.ts";
import { tidyUpBeside } from "../../system/files/tidy-up.ts";
import { tidyUpRehearsals } from "../../system/sandbox/rehearsal.ts";

/** Removes what killed runs left beside the files of this state; only under the lock. Throws AppError. */
export function tidyUp(root: string, state: InstallState): void {
  if (root === "/") tidyUpRehearsals();
  for (const file of placesOf(state)) tidyUpBeside(root, file, "nothing was changed");
}

/** Every file that an installation consists of, and the folders that are made for them. */
export function placesOf({
  list,
  tablePath,
  holdPath,
  libraries,
  rules,
  manager: parts,
  units,
  holder,
  dropIns,
}: InstallState): readonly string[] {
  return [
    tablePath,
    holdPath,
    list.path,
    ...pathsOf([...libraries, ...rules, ...parts, ...units, ...holder, ...dropIns]),
  ];
}

export function pathsOf(artefacts: readonly Artefact[]): readonly string[] {
  return [...artefacts.map(({ path: place }) => place), ...foldersOf(artefacts)];
}

/** Whether the list has our entry as it is; one in a comment does not count. */
export function isListed({ list, entry }: InstallState): boolean {
  return list.found.kind === "file" && loadedNames(list.found.bytes).includes(entry);
}
