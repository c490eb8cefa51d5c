// The quick look at what a program could come to run, against the loader's own way, on every program of this machine.
import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { readElf } from "../../src/core/elf/read-elf.ts";
import { bytesSource } from "../../src/core/elf/reader.ts";
import type { ElfFile } from "../../src/core/elf/types.ts";
import { isUnseen } from "../../src/core/seen.ts";
import { readLoaderCache } from "../../src/observe/programs/loader/cache.ts";
import { closure } from "../../src/observe/programs/loader/closure.ts";
import { reachesWanted } from "../../src/observe/programs/loader/reaches.ts";
import { LIBRARY_FOLDERS, LOADER_CACHE } from "../../src/system/paths.ts";

const known = new Map<string, ElfFile | undefined>();
function read(file: string): ElfFile | undefined {
  if (!known.has(file)) known.set(file, fresh(file));
  return known.get(file);
}
function fresh(file: string): ElfFile | undefined {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isFile()) return undefined;
  const elf = readElf(bytesSource(readFileSync(file)));
  return "fault" in elf ? undefined : elf;
}

const programs = ["/usr/sbin", "/usr/bin"]
  .flatMap((folder) => readdirSync(folder).map((name) => path.join(folder, name)))
  .flatMap((file) => (statSync(file, { throwIfNoEntry: false })?.isFile() ? [realpathSync(file)] : []))
  .filter((file) => statSync(file).size < 1024 * 1024 && read(file)?.interpreter !== undefined);

/** The library that most programs ask for of those that fewer than a quarter ask for. */
function commonLibrary(): string {
  const counts = new Map<string, number>();
  for (const name of programs.flatMap((file) => read(file)?.needed ?? []))
    counts.set(name, (counts.get(name) ?? 0) + 1);
  const [found] = [...counts].filter(([, count]) => count < programs.length / 4).sort(([, a], [, b]) => b - a);
  return found?.[0] ?? "";
}

test("never misses a program that the loader would give a library, and passes over most that it would not", () => {
  const wanted = commonLibrary();
  const cache = readLoaderCache(readFileSync(LOADER_CACHE));
  const isWanted = (file: string): boolean => path.basename(file) === wanted;
  const quick = reachesWanted((file) => ({ file: read(file), isWanted: isWanted(file) }), cache, LIBRARY_FOLDERS);
  const all = programs.map((program) => {
    const found = closure(program, read, cache, LIBRARY_FOLDERS);
    return { program, quick: quick(program), exact: isUnseen(found) || found.paths.some(isWanted) };
  });
  expect(all.filter((one) => one.exact && !one.quick)).toEqual([]);
  // The control: there are some of both kinds.
  expect(all.filter(({ exact }) => exact).length).toBeGreaterThan(0);
  expect(all.filter((one) => !one.quick).length).toBeGreaterThan(0);
});
