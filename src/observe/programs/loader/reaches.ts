// Whether a program could come to run some file with its libraries: a quick look, before the loader's own way is followed.
import { machineName, sameAbi } from "../../../core/elf/machine.ts";
import { oncePerText } from "../../../core/once.ts";
import type { LoaderFacts } from "../known-file.ts";
import type { LoaderCache } from "./cache.ts";

export interface Library {
  /** Undefined for what is no readable ELF file. */
  readonly file: LoaderFacts | undefined;
  readonly isWanted: boolean;
}

/**
 * A question that is asked of many programs: false is certain, true may be wrong. Libraries that most programs share are
 * looked at once. Whatever takes more than the loader's cache and the default folders to follow, such as RUNPATH, is
 * answered with true.
 */
export function reachesWanted(
  at: (path: string) => Library,
  cache: LoaderCache | undefined,
  defaultFolders: readonly string[],
): (program: string) => boolean {
  const without = new Set<string>();

  const librariesFor = oncePerText((_abi) => new Map<string, string | undefined>());

  function libraryOf(
    name: string,
    asking: LoaderFacts,
    libraries: Map<string, string | undefined>,
  ): string | undefined {
    if (libraries.has(name)) return libraries.get(name);
    const fits = (path: string): boolean => {
      const { file } = at(path);
      return file !== undefined && sameAbi(file, asking);
    };
    const found =
      cache?.lookup(name, machineName(asking)).find(fits) ??
      defaultFolders.map((folder) => `${folder}/${name}`).find(fits);
    libraries.set(name, found);
    return found;
  }

  return (program) => {
    const seen = new Set([program]);
    for (const path of seen) {
      const { file, isWanted } = at(path);
      if (file === undefined || isWanted || file.rpath !== undefined || file.runpath !== undefined) return true;
      const libraries = librariesFor(`${file.machine} ${file.bits} ${file.byteOrder}`);
      for (const name of file.needed) {
        if (name.includes("/")) return true;
        const found = libraryOf(name, file, libraries);
        if (found !== undefined && !without.has(found)) seen.add(found);
      }
    }
    // Nothing that any of them leads to is wanted, so neither is what one of them alone leads to.
    for (const path of seen) without.add(path);
    return false;
  };
}
