// Whether a host can load a shim: everything that its loader would refuse it for, or be killed by.
import { machineName, sameAbi } from "./machine.ts";
import { symbols } from "./symbols.ts";
import type { ElfFile, ElfSymbol } from "./types.ts";

/** The symbol that marks a library as our shim. */
export const MARKER = "portreserve_shim";
/** And that of the library for owners that do not share their port. */
export const SHARE_MARKER = "portreserve_share";

/** A libc that does not say its own name has this one. */
const LIBC = "libc.so.6";

/**
 * Each reason why `shim` must not be loaded into every program of a host with this `libc`, as a text that completes "the
 * shim 'X' …"; none when it is fit. It may need libc alone: no other library is in every program.
 */
export function incompatibilities(shim: ElfFile, libc: ElfFile, marker = MARKER): readonly string[] {
  const name = libc.soname ?? LIBC;
  const same = sameAbi(shim, libc);
  return [
    ...(same ? [] : [`is for ${machineName(shim)}, and this host's ${name} is for ${machineName(libc)}`]),
    ...badKind(shim),
    ...badMarks(shim),
    ...otherLibraries(shim, name),
    ...(same ? [...missingVersions(shim, libc, name), ...missingSymbols(shim, libc, name)] : []),
    ...missingMarker(shim, marker),
  ];
}

function badKind({ type, isPie }: ElfFile): readonly string[] {
  if (type === "other") return ["is neither a program nor a shared library"];
  return type === "executable" || isPie ? ["is a program, not a shared library"] : [];
}

function badMarks({ stack, hasTextRelocations }: ElfFile): readonly string[] {
  return [
    ...(stack === "executable" ? ["asks for an executable stack"] : []),
    ...(stack === "unmarked" ? ["does not say that its stack need not be executable"] : []),
    ...(hasTextRelocations ? ["has code that must be changed to be loaded (text relocations)"] : []),
  ];
}

function otherLibraries({ needed, versionsNeeded }: ElfFile, libc: string): readonly string[] {
  const others = new Set([...needed, ...versionsNeeded.map(({ file }) => file)].filter((file) => file !== libc));
  return [...others].map((file) => `needs the library '${file}', and only ${libc} is in every program`);
}

function missingVersions({ versionsNeeded }: ElfFile, { versionsDefined }: ElfFile, libc: string): readonly string[] {
  return versionsNeeded
    .filter(({ file, version, weak }) => file === libc && !weak && !versionsDefined.includes(version))
    .map(({ version }) => {
      const newest = newestOf(versionsDefined);
      const wanted = numbersOf(version);
      return newest !== undefined && wanted !== undefined && compare(wanted, numbersOf(newest) ?? []) > 0
        ? `needs ${version}, and this host's ${libc} has nothing newer than ${newest}`
        : `needs ${version}, which this host's ${libc} does not define`;
    });
}

function missingSymbols(shim: ElfFile, libc: ElfFile, name: string): readonly string[] {
  const own = symbols(shim);
  if ("fault" in own) return [own.reason];
  const wanted = own.filter(({ defined, weak }) => !defined && !weak);
  const found = symbols(libc, new Set(wanted.map((symbol) => symbol.name)));
  if ("fault" in found) return [`cannot be checked: this host's ${name} ${found.reason}`];
  const definitions = found.filter(({ defined }) => defined);
  return wanted
    .filter(({ version }) => version === undefined || libc.versionsDefined.includes(version))
    .filter((symbol) => !definitions.some((definition) => answers(definition, symbol, libc)))
    .map(({ name: symbol, version }) => {
      const wish = version === undefined ? symbol : `${symbol}@${version}`;
      return `needs the symbol '${wish}', which this host's ${name} does not define`;
    });
}

/** As glibc's loader decides it: an unversioned reference finds the default version, or the oldest though it is hidden. */
function answers(definition: ElfSymbol, wish: ElfSymbol, libc: ElfFile): boolean {
  if (definition.name !== wish.name) return false;
  if (definition.version === undefined) return !definition.hidden;
  if (wish.version !== undefined) return definition.version === wish.version;
  return !definition.hidden || definition.version === libc.versionsDefined[0];
}

function missingMarker(shim: ElfFile, marker: string): readonly string[] {
  const found = symbols(shim, new Set([marker]));
  // Reported with the symbols it needs.
  if ("fault" in found) return [];
  const isOurs = found.some(({ defined, kind }) => defined && kind === "object");
  return isOurs ? [] : [`is not a portreserve library: it has no symbol '${marker}'`];
}

function newestOf(versions: readonly string[]): string | undefined {
  return versions
    .filter((version) => numbersOf(version) !== undefined)
    .reduce<string | undefined>((best, version) => {
      return best === undefined || compare(numbersOf(version) ?? [], numbersOf(best) ?? []) > 0 ? version : best;
    }, undefined);
}

/** Of 'GLIBC_2.36'; undefined for versions that have no place in that order, such as 'GLIBC_PRIVATE'. */
function numbersOf(version: string): readonly number[] | undefined {
  const [, numbers] = /^GLIBC_(\d+(?:\.\d+)*)$/.exec(version) ?? [];
  return numbers?.split(".").map(Number);
}

function compare(one: readonly number[], other: readonly number[]): number {
  const at = one.findIndex((number, index) => number !== (other[index] ?? -1));
  return at < 0 ? one.length - other.length : (one[at] ?? 0) - (other[at] ?? -1);
}
