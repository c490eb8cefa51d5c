// What a program would be started with: itself, its loader and every library that it needs, as glibc's loader finds them.

import { machineName, sameAbi } from "../../../core/elf/machine.ts";
import type { Unseen } from "../../../core/seen.ts";
import { fileName } from "../../../core/text.ts";
import type { LoaderFacts } from "../known-file.ts";
import type { LoaderCache } from "./cache.ts";

export interface Closure {
  /** The program first, then breadth first as the loader has them; the loader itself last. Static programs are alone. */
  readonly paths: readonly string[];
  /** Names of libraries that were not found, in the order in which they were missed. */
  readonly missing: readonly string[];
}

/** Places to look at: real programs take some thousand; files can be made that take millions. */
const TRIES_LIMIT = 50_000;

/** musl has all of these in its loader. */
const IN_MUSL = /^lib(c|pthread|rt|m|dl|util|xnet)\./;
const MUSL_LOADER = /\/ld-musl-[^/]*$/;

interface Loaded {
  readonly path: string;
  readonly file: LoaderFacts;
  readonly parent: Loaded | undefined;
  /** Whether some DT_RPATH or DT_RUNPATH has a say in where its libraries are. */
  readonly hasPaths: boolean;
  readonly abi: string;
}

function loadedBy(path: string, file: LoaderFacts, parent: Loaded | undefined): Loaded {
  const hasPaths = file.rpath !== undefined || file.runpath !== undefined || parent?.hasPaths === true;
  return { path, file, parent, hasPaths, abi: machineName(file) };
}

/**
 * `program`: absolute, without symbolic links, since $ORIGIN is its folder. `read`: undefined for what is no readable ELF
 * file. `defaultFolders`: where the loader looks at last, of all ABIs of the host: files of another ABI are passed over,
 * as the loader does. Looks neither at LD_LIBRARY_PATH nor into the folders of glibc-hwcaps.
 */
export function closure(
  program: string,
  read: (path: string) => LoaderFacts | undefined,
  cache: LoaderCache | undefined,
  defaultFolders: readonly string[],
): Closure | Unseen {
  const file = read(program);
  if (file === undefined) return { unseen: "its file cannot be read as a program", rootWould: false };
  const { interpreter } = file;
  const isMusl = interpreter !== undefined && MUSL_LOADER.test(interpreter);
  const loaded: Loaded[] = [loadedBy(program, file, undefined)];
  const paths = new Set([program]);
  // The names under which they were asked for, and their own.
  const known = new Set(file.soname === undefined ? [] : [file.soname]);
  const missing = new Set<string>();
  const seen = new Map<string, LoaderFacts | undefined>();
  let left = TRIES_LIMIT;

  function fitting(path: string): LoaderFacts | undefined {
    left -= 1;
    if (left < 0) return undefined;
    if (!seen.has(path)) seen.set(path, read(path));
    const found = seen.get(path);
    return found !== undefined && sameAbi(found, file as LoaderFacts) ? found : undefined;
  }

  const loader = interpreter === undefined ? undefined : fitting(interpreter);
  if (interpreter !== undefined && loader === undefined) missing.add(interpreter);
  // Its other names; in musl it has all of libc.
  for (const name of loader === undefined ? [] : [interpreter, loader.soname, fileName(interpreter ?? "")])
    if (name !== undefined) known.add(name);

  function load(name: string, asking: Loaded): void {
    if (known.has(name) || (isMusl && loader !== undefined && IN_MUSL.test(name))) return;
    for (const path of places(name, asking, isMusl ? undefined : cache, defaultFolders)) {
      const found = fitting(path);
      if (left < 0) return;
      if (found === undefined) continue;
      known.add(name);
      if (paths.has(path)) return;
      paths.add(path);
      loaded.push(loadedBy(path, found, asking));
      if (found.soname !== undefined) known.add(found.soname);
      return;
    }
    missing.add(name);
  }

  // The list grows while it is gone through.
  for (const one of loaded) {
    for (const name of one.file.needed) {
      load(name, one);
      if (left < 0) return { unseen: "finding its libraries takes too long", rootWould: false };
    }
  }
  if (loader !== undefined) paths.add(interpreter ?? "");
  return { paths: [...paths], missing: [...missing] };
}

/** The paths to try for a name, in the loader's order. */
function* places(
  name: string,
  asking: Loaded,
  cache: LoaderCache | undefined,
  defaultFolders: readonly string[],
): Generator<string> {
  if (name.includes("/") || asking.hasPaths) yield* placesByFile(name, asking, defaultFolders);
  if (name.includes("/")) return;
  yield* cache?.lookup(name, asking.abi) ?? [];
  yield* defaultFolders.map((folder) => join(folder, name));
}

/** Those that the name itself says, or the paths in the file that asks and in those that brought it in. */
function* placesByFile(name: string, asking: Loaded, defaultFolders: readonly string[]): Generator<string> {
  const expanded = (text: string, owner: Loaded): readonly string[] => expand(text, owner, defaultFolders);
  if (name.includes("/")) {
    yield* expanded(name, asking).filter((path) => path.startsWith("/"));
    return;
  }
  const within = (list: string | undefined, owner: Loaded): readonly string[] =>
    list === undefined
      ? []
      : list
          .split(":")
          .flatMap((folder) => expanded(folder, owner))
          .filter((folder) => folder.startsWith("/"))
          .map((folder) => join(folder, name));
  // DT_RPATH counts for all that its owner brings in, unless the one that asks has the newer DT_RUNPATH.
  if (asking.file.runpath === undefined) {
    for (let owner: Loaded | undefined = asking; owner !== undefined; owner = owner.parent) {
      if (owner.file.runpath === undefined) yield* within(owner.file.rpath, owner);
    }
  }
  yield* within(asking.file.runpath, asking);
}

/** $LIB depends on how the loader was built, so it stands for each of the default folders, without what leads to it. */
function expand(text: string, owner: Loaded, defaultFolders: readonly string[]): readonly string[] {
  if (!text.includes("$")) return [text];
  const origin = owner.path.slice(0, owner.path.lastIndexOf("/"));
  const machine = machineName(owner.file);
  const known = withToken(withToken(text, "ORIGIN", origin), "PLATFORM", machine === "i386" ? "i686" : machine);
  const folders = new Set(defaultFolders.map((folder) => folder.replace(/^\/(usr\/)?/, "")));
  return hasToken(known, "LIB") ? [...folders].map((folder) => withToken(known, "LIB", folder)) : [known];
}

function tokenPattern(token: string): RegExp {
  return new RegExp(`\\$(?:\\{${token}\\}|${token}(?![A-Za-z0-9_]))`, "g");
}

function hasToken(text: string, token: string): boolean {
  return tokenPattern(token).test(text);
}

/** `$TOKEN` or `${TOKEN}`, as the loader knows them, by a value. */
export function withToken(text: string, token: string, value: string): string {
  return text.replace(tokenPattern(token), () => value);
}

function join(folder: string, name: string): string {
  return folder.endsWith("/") ? `${folder}${name}` : `${folder}/${name}`;
}
