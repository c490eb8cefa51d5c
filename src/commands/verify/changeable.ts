// What decides which code a program runs, and may be changed by somebody else than root: named, so that root does not run it.
import path from "node:path";
import { loadedNames } from "../../core/preload-list/loaded.ts";
import { readLoaderCache } from "../../observe/programs/loader/cache.ts";
import { errnoOf } from "../../system/app-error.ts";
import { namesIn } from "../../system/files/entry.ts";
import { othersMayWrite } from "../../system/files/others-may-write.ts";
import { isFault, readUnder } from "../../system/files/read-file.ts";
import { LIBRARY_FOLDERS, LOADER_CACHE, LOADERS, PRELOAD_LIST } from "../../system/paths.ts";

/** In bytes, of the loader's cache and of the preload list; a large distribution's cache has some 200 KiB. */
const LIMIT = 16 * 1024 * 1024;

/**
 * The first thing in a root, with all that its loaders take libraries from, that somebody else than root may change;
 * undefined if there is none. What cannot be read counts as changeable.
 */
export function changeableInRoot(root: string): string | undefined {
  const texts = [LOADER_CACHE, PRELOAD_LIST];
  const folders = [...LIBRARY_FOLDERS, ...texts.map((file) => path.dirname(file))];
  // Loaders take nothing from what has no size, such as a device.
  const obeyed = texts.filter((file) => !isFault(readUnder(root, file, LIMIT)));
  const fixed = [...LOADERS.map(({ file }) => file), ...folders, ...obeyed];
  return (
    firstChangeable(fixed, root) ??
    changeableLibrary(root) ??
    changeableByList(root) ??
    firstChangeable(cachedPaths(root), root)
  );
}

/** The same of what LD_PRELOAD, LD_AUDIT and LD_LIBRARY_PATH lead to. */
export function changeableByVariables(
  variables: Readonly<Record<string, string | undefined>>,
  root = "/",
): string | undefined {
  const names = LIBRARY_VARIABLES.flatMap((name) => variables[name]?.split(/[ :]/) ?? []);
  const folders = variables.LD_LIBRARY_PATH?.split(/[:;]/) ?? [];
  return (
    changeableNames(names, root) ??
    folders.map((folder) => changeableFolder(folder, root)).find((one) => one !== undefined)
  );
}

const LIBRARY_VARIABLES = ["LD_PRELOAD", "LD_AUDIT"] as const;

/** Names without a slash are looked for where the loader looks for all libraries. */
function changeableNames(names: readonly string[], root: string): string | undefined {
  for (const name of names.filter((one) => one.includes("/") || one.includes("$"))) {
    const paths = name.startsWith("/") ? expanded(name) : undefined;
    if (paths === undefined) return name;
    const found = firstChangeable(paths, root);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** An empty one is the current folder. */
function changeableFolder(folder: string, root: string): string | undefined {
  const paths = folder.startsWith("/") ? expanded(folder) : undefined;
  if (paths === undefined) return folder || ".";
  return firstChangeable(
    paths.flatMap((one) => [one, ...namesIn(root, one).map((name) => `${one}/${name}`)]),
    root,
  );
}

/** What `$LIB` may come to; undefined for another token, which means something else to each program. */
function expanded(name: string): readonly string[] | undefined {
  const plain = name.replace(/\$\{LIB\}|\$LIB(?![A-Za-z0-9_])/g, "\0");
  if (plain.includes("$")) return undefined;
  return plain === name ? [name] : LIBS.map((lib) => plain.replaceAll("\0", lib));
}

/** The folders of libraries, as loaders put them in the place of `$LIB`. */
const LIBS: readonly string[] = [...new Set(LIBRARY_FOLDERS.map((folder) => folder.replace(/^(\/usr)?\//, "")))];

function changeableLibrary(root: string): string | undefined {
  const libraries = LIBRARY_FOLDERS.flatMap((folder) =>
    namesIn(root, folder).flatMap((name) =>
      name.includes(".so") || name === "glibc-hwcaps" ? [`${folder}/${name}`] : [],
    ),
  );
  return firstChangeable(libraries, root);
}

function cachedPaths(root: string): readonly string[] {
  const read = readUnder(root, LOADER_CACHE, LIMIT);
  const cache = isFault(read) ? undefined : readLoaderCache(read.bytes);
  return [...new Set(cache?.entries.map((entry) => entry.path) ?? [])];
}

function changeableByList(root: string): string | undefined {
  const read = readUnder(root, PRELOAD_LIST, LIMIT);
  if (!isFault(read)) return changeableNames(loadedNames(read.bytes), root);
  return read.kind === "missing" || read.kind === "not-a-file" ? undefined : PRELOAD_LIST;
}

function firstChangeable(files: readonly string[], root: string): string | undefined {
  for (const file of files) {
    const found = changeable(file, root);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What cannot be looked at may be anybody's. */
function changeable(file: string, root: string): string | undefined {
  try {
    return othersMayWrite(file, root);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return file;
  }
}
