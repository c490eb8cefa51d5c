// Packages whose shim would harm a host, each in its own way, with what install has to say about it.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { skipReason } from "../support/can.ts";
import { scratch } from "../support/cli.ts";
import { compileC } from "../support/compile-c.ts";
import { packageAt } from "../support/host.ts";
import { built } from "../support/sandbox.ts";

const SHARED = ["-shared", "-fPIC", "-Wl,-z,noexecstack"] as const;

const SHIM = ["bindresvport", "rresvport", "search", "reservations"].map((name) => `native/preload/${name}.c`);
const TABLE = ["view", "lookup"].map((name) => `native/table/${name}.c`);

/** All that the shim is, and something else. */
function withShim(...flags: readonly string[]): string {
  const own = ['-DPR_VERSION="0"', "-fvisibility=hidden", "-Wl,--version-script=native/preload/exports.map"];
  return compileC(["test/install/bad-shim.c", ...SHIM, ...TABLE], [...SHARED, ...own, ...flags]);
}

/** Nothing of the shim but its mark. */
function alone(...flags: readonly string[]): string {
  return compileC("test/install/bad-shim.c", [...SHARED, "-DALONE", ...flags]);
}

function cut(length: number): string {
  const file = path.join(scratch(), "cut.so");
  writeFileSync(file, readFileSync(built.shim).subarray(0, length));
  return file;
}

const symbols = path.resolve(import.meta.dirname, "../recovery/newer-libc.map");
const newerLibc = (): string =>
  compileC("test/recovery/newer-libc.c", [
    ...SHARED,
    "-nostdlib",
    `-Wl,--version-script=${symbols}`,
    "-Wl,-soname,libc.so.6",
  ]);
const missing = (): string => compileC("test/recovery/plain.c", [...SHARED, "-nostdlib", "-Wl,-soname,libnosuch.so.1"]);

/** Gives the main file of a package with this shim. */
export function packageWith(library: string): string {
  return packageAt(path.join(scratch(), "package"), { "libportreserve.so": library });
}

export const hang = (): string => withShim("-DHANGS");
export const crash = (): string => withShim("-DCRASHES");
export const markAlone = (): string => alone();

interface BadShim {
  readonly library: () => string;
  /** What install says of it before it changes anything, the hint left out. */
  readonly says: string;
  /** Where the message comes from a trial: by then there are new files, and they are gone again. */
  readonly tried?: true;
}

const NOBODY = "/usr/bin/setpriv --reuid=65534 --regid=65534 --clear-groups";
const NOT_OURS = "is not a portreserve library: it has no symbol 'portreserve_shim'";
const machine = process.arch === "x64" ? "x86_64" : "aarch64";
const unfit = (library: () => string, why: string): BadShim => ({
  library,
  says: `portreservectl: error: the shim for ${machine} ${why}; nothing was changed\n`,
});
const tried = (library: () => string, what: string): BadShim => ({
  library,
  says: `portreservectl: error: ${what}; everything is as it was before\n`,
  tried: true,
});
const preloaded = (library: () => string, program: string, what: string): BadShim =>
  tried(library, `with the shim preloaded, '${program}' ${what}`);
const listed = (library: () => string, program: string, what: string): BadShim =>
  tried(library, `with the shim in a sandbox's preload list, '${program}' ${what}`);
const FIRST_PORT =
  "in a sandbox, 'PACKAGE/portreserve-probe --symbol bindresvport --protocol tcp --exhaust' got port 631, which is reserved";

/** By what is wrong with it. PACKAGE stands for the folder of native parts, NEWEST for the host's newest version of libc, END for a number. */
export const shims: Readonly<Record<string, BadShim>> = {
  "is empty": unfit(() => cut(0), "is not an ELF file"),
  "is cut off": unfit(() => cut(3000), "is truncated: its segments end at byte END, and it has 3000"),
  "needs an undefined symbol": unfit(
    () => withShim("-DUNDEFINED"),
    "needs the symbol 'no_such_function', which this host's libc.so.6 does not define",
  ),
  "needs a version of libc that does not exist": unfit(
    () => withShim("-DNEWER", "-Wl,--no-as-needed", newerLibc()),
    "needs GLIBC_9.99, and this host's libc.so.6 has nothing newer than NEWEST",
  ),
  "needs another library": unfit(
    () => withShim("-Wl,--no-as-needed", missing()),
    "needs the library 'libnosuch.so.1', and only libc.so.6 is in every program",
  ),
  "is a program": {
    library: () => built.probe,
    says: `portreservectl: error: the shim for ${machine} ${NOT_OURS}
portreservectl: error: the shim for ${machine} is a program, not a shared library; nothing was changed
`,
  },
  "is no library of ours": unfit(() => compileC("test/recovery/plain.c", [...SHARED]), NOT_OURS),
  ...(skipReason("i386") === undefined
    ? {
        "is for 32-bit programs": unfit(() => built.shim32, "is for i386, and this host's libc.so.6 is for x86_64"),
      }
    : {}),
  "crashes as it is loaded": preloaded(
    () => withShim("-DCRASHES"),
    "/bin/true",
    "was killed by SIGABRT; without the shim it ended with status 0",
  ),
  "prints on standard error": preloaded(() => withShim("-DPRINTS"), "/bin/true", "printed 'hello' on standard error"),
  "prints on standard output": preloaded(() => withShim("-DPRINTS_OUT"), "/bin/true", "printed 'hello'"),
  exits: preloaded(
    () => withShim("-DEXITS"),
    "/bin/false",
    "ended with status 0; without the shim it ended with status 1",
  ),
  "exits with a status of its own": preloaded(
    () => withShim("-DEXITS_OTHERWISE"),
    "/bin/true",
    "ended with status 7; without the shim it ended with status 0",
  ),
  "crashes in setuid programs only": listed(
    () => withShim("-DSETUID"),
    `${NOBODY} /bin/su --version`,
    "ended with status 134 and said 'Aborted'; without the shim it ended with status 0",
  ),
  "crashes in programs of ordinary users only": preloaded(
    () => withShim("-DOTHERS"),
    `${NOBODY} /bin/true`,
    "was killed by SIGABRT; without the shim it ended with status 0",
  ),
  "crashes where a list loads it only": tried(
    () => withShim("-DLISTED"),
    "with the shim in its preload list, a sandbox broke: Aborted",
  ),
  "exports nothing but its mark": tried(() => alone(), FIRST_PORT),
  "hands out reserved ports": tried(() => alone("-DPRETENDS"), FIRST_PORT),
  "crashes under its final name only": tried(
    () => withShim("-DIN_PLACE"),
    "with the shim in the preload list, '/bin/true' was killed by SIGABRT; without the shim it ended with status 0",
  ),
};
