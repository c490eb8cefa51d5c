// Which kinds of programs a host runs, found by their loaders, and what each loader puts in the place of `$LIB`.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { nativeFolder, packageRoot } from "../../core/native.ts";
import { isFolder, namesIn } from "../files/entry.ts";
import { isFault, readRegularFile, readUnder } from "../files/read-file.ts";
import { kernelRoot, resolveUnder } from "../files/rooted.ts";
import {
  HIGH_FILE,
  INSTALLED_HIGH,
  INSTALLED_SHARE,
  INSTALLED_SHIM,
  LOADERS,
  SHARE_FILE,
  SHIM_FILE,
} from "../paths.ts";
import { type RunResult, runProgram } from "../start-program.ts";

export type AbiName = (typeof LOADERS)[number]["abi"];

export interface HostAbi {
  readonly name: AbiName;
  /** Its loader, as the programs name it. */
  readonly loader: string;
  /** What the loader puts in the place of `$LIB`, such as "lib/x86_64-linux-gnu"; undefined where it does not tell. */
  readonly lib: string | undefined;
  /** The host's libc for it; undefined if there is none. */
  readonly libc: () => Uint8Array | undefined;
  /** The shim of this package for it; undefined if it has none. */
  readonly shim: Uint8Array | undefined;
  /** Its library for owners that do not share their port; undefined if it has none. */
  readonly share: Uint8Array | undefined;
  /** The shim's twin that gives high ports; undefined if it has none. */
  readonly high: Uint8Array | undefined;
  /** The package's probe for it, where it can be run: only on the host itself. */
  readonly probe: string | undefined;
}

/**
 * Every ABI whose loader is there, and on the host itself can be run: an x32 loader is often there without a kernel for it.
 * `answerOf`: what a loader of this host says, from whoever knows it already.
 */
export function abisOf(root: string, answerOf: (loader: string) => LoaderAnswer = loaderAnswer): readonly HostAbi[] {
  return LOADERS.flatMap(({ abi, file }) => {
    const real = realFile(root, file);
    if (real === undefined) return [];
    const { lib, runs } = root === "/" ? answerOf(real) : { lib: undefined, runs: true };
    if (!runs) return [];
    return [
      {
        name: abi,
        loader: file,
        lib: lib ?? writtenIn(root, real),
        libc: () => libcBeside(root, real),
        shim: partFor(abi, SHIM_FILE),
        share: partFor(abi, SHARE_FILE),
        high: partFor(abi, HIGH_FILE),
        probe: root === "/" ? fileFor(abi, "portreserve-probe") : undefined,
      },
    ];
  });
}

/** Where a loader with this `$LIB` looks for the shim. */
export function shimFile(lib: string): string {
  return INSTALLED_SHIM.replace("$LIB", lib);
}

/** Where it looks for the library for owners that do not share their port. */
export function shareFile(lib: string): string {
  return INSTALLED_SHARE.replace("$LIB", lib);
}

/** Where it looks for the shim's twin that gives high ports. */
export function highFile(lib: string): string {
  return INSTALLED_HIGH.replace("$LIB", lib);
}

/** Every `$LIB` with a folder for a shim, also those of loaders that have gone. */
export function libsWithShim(root: string): readonly string[] {
  const tops = namesIn(root, "/usr").filter((name) => name.startsWith("lib"));
  const libs = [...tops, ...namesIn(root, "/usr/lib").map((name) => `lib/${name}`)];
  return libs.filter((lib) => isFolder(root, path.dirname(shimFile(lib))));
}

/** Whether there are programs at all that could load a shim: an empty tree has none. */
export function hasLoader(root: string): boolean {
  return LOADERS.some(({ file }) => realFile(root, file) !== undefined);
}

function realFile(root: string, file: string): string | undefined {
  const real = resolveUnder(root, file).toString();
  return existsSync(real) ? real : undefined;
}

/** What a loader of this host says of itself when it is started. */
export interface LoaderAnswer {
  readonly lib?: string;
  /** A loader is a program: one that the kernel cannot start has no programs either. */
  readonly runs: boolean;
  /** It would say so again: it came to its own end. */
  readonly isLasting: boolean;
}

export function loaderAnswer(loader: string): LoaderAnswer {
  const lib = told(loader);
  if (lib !== undefined) return { lib, runs: true, isLasting: true };
  const done = ran(loader, "--verify", libcPath(loader));
  const status = done.outcome === "ended" ? done.status : undefined;
  return { runs: status === 0, isLasting: typeof status === "number" };
}

function ran(loader: string, ...args: readonly string[]): RunResult {
  return runProgram([loader, ...args], { timeout: 10_000 });
}

/** glibc 2.33 and newer print it; older ones say they do not know the option. */
function told(loader: string): string | undefined {
  const done = ran(loader, "--list-diagnostics");
  return done.outcome === "ended" ? /^dl_dst_lib="([^"\\]+)"$/m.exec(done.stdout)?.[1] : undefined;
}

/** The folder it is in, on every distribution; it has to have that name in itself too, to put it in the place of `$LIB`. */
function writtenIn(root: string, loader: string): string | undefined {
  const folder = path.relative(kernelRoot(root), path.dirname(loader)).replace(/^usr\//, "");
  const read = readRegularFile(loader, LOADER_LIMIT);
  if (isFault(read)) return undefined;
  return read.bytes.includes(Buffer.from(`\0${folder}\0`)) ? folder : undefined;
}

const LOADER_LIMIT = 16 * 1024 * 1024;
const LIBC_LIMIT = 64 * 1024 * 1024;

/** glibc keeps both in one folder. */
function libcPath(loader: string): string {
  return path.join(path.dirname(loader), "libc.so.6");
}

function libcBeside(root: string, loader: string): Uint8Array | undefined {
  const read = readUnder(root, `/${path.relative(kernelRoot(root), libcPath(loader))}`, LIBC_LIMIT);
  return isFault(read) ? undefined : read.bytes;
}

/** The package's part for an ABI: its own machine's parts are beside the addon, the others among its prebuilt ones. */
function fileFor(abi: AbiName, part: string): string | undefined {
  const machine = MACHINES[abi];
  if (machine === undefined) return undefined;
  const folder =
    machine.arch === process.arch ? nativeFolder() : path.join(packageRoot, "prebuilds", `linux-${machine.arch}`);
  const file = path.join(folder, part.replace(/(\.so)?$/, `${machine.suffix}$1`));
  return existsSync(file) ? file : undefined;
}

/** Node's name of the machine whose parts it is among, and how the part's name ends. */
const MACHINES: Readonly<Partial<Record<AbiName, { readonly arch: string; readonly suffix: string }>>> = {
  x86_64: { arch: "x64", suffix: "" },
  i386: { arch: "x64", suffix: "-i386" },
  aarch64: { arch: "arm64", suffix: "" },
};

function partFor(abi: AbiName, part: string): Uint8Array | undefined {
  const file = fileFor(abi, part);
  return file === undefined ? undefined : readFileSync(file);
}
