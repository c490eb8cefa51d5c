// The judgement on a shim agrees with what the real loader does with real libraries that are bad in one way each.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { incompatibilities } from "../../src/core/elf/abi-compat.ts";
import { readElf } from "../../src/core/elf/read-elf.ts";
import { bytesSource } from "../../src/core/elf/reader.ts";
import type { ElfFile } from "../../src/core/elf/types.ts";
import { craft, LAYOUTS } from "../core/elf-image.ts";
import { named, skipReason } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { stagedNatives } from "../support/stage/stage.ts";

const SAMPLES = "test/system/elf-samples";
const SHARED = ["-shared", "-fPIC", "-nostartfiles", "-Wl,-z,now", "-Wl,-z,noexecstack"];
/** As the samples' maps name them, so they are read from where they are. */
const map = (name: string): string => path.join(import.meta.dirname, "elf-samples", name);

const shim = (...flags: readonly string[]): string => compileC(`${SAMPLES}/shim.c`, [...SHARED, ...flags]);
const stubLibc = (...flags: readonly string[]): string =>
  compileC(`${SAMPLES}/libc.c`, [...SHARED, "-fno-builtin", "-nostdlib", "-Wl,-soname,libc.so.6", ...flags]);
const against = (libc: string, ...flags: readonly string[]): string => shim("-nostdlib", libc, ...flags);

const fileAt = (name: string): ElfFile => {
  const file = readElf(bytesSource(readFileSync(name)));
  if ("fault" in file) throw new Error(file.reason);
  return file;
};

/** The one that this process runs with. */
const libcPath = / (\/\S*\/libc\.so\.6)$/m.exec(readFileSync("/proc/self/maps", "latin1"))?.[1];
const noLibc = libcPath === undefined ? "this is no system with glibc" : undefined;
const libc = libcPath === undefined ? undefined : fileAt(libcPath);

function unfit(name: string, host: ElfFile | undefined = libc): readonly string[] {
  return incompatibilities(fileAt(name), host as ElfFile);
}

/** What the loader says when it starts a program with this preloaded; empty when it has nothing against it. */
function loaderSays(name: string): string {
  const { status, stderr } = spawnSync("/bin/true", [], { env: { LD_PRELOAD: name }, encoding: "utf8" });
  return status === 0 ? stderr : `exit ${status}: ${stderr}`;
}

/** The newest version that the C library says it has. */
const glibc = (): string =>
  `GLIBC_${execFileSync("getconf", ["GNU_LIBC_VERSION"], { encoding: "utf8" }).trim().split(" ")[1]}`;

test.skipIf(noLibc)(named("finds nothing wrong with our shim, nor does the loader", noLibc), () => {
  const ours = path.join(stagedNatives(), "libportreserve.so");
  expect([unfit(ours), loaderSays(ours)]).toEqual([[], ""]);
  expect([unfit(shim()), loaderSays(shim())]).toEqual([[], ""]);
});

test.skipIf(noLibc)(named("lets a symbol be absent that the shim can do without", noLibc), () => {
  const weak = shim("-DABSENT", "-DWEAK");
  expect([unfit(weak), loaderSays(weak)]).toEqual([[], ""]);
});

interface Bad {
  readonly what: string;
  readonly make: () => string;
  readonly reasons: () => readonly string[];
  /** What the loader itself says of it, where it says anything. */
  readonly loader?: RegExp;
}

const BAD: readonly Bad[] = [
  {
    what: "a symbol that libc does not have",
    make: () => shim("-DABSENT"),
    reasons: () => ["needs the symbol 'portreserve_test_absent', which this host's libc.so.6 does not define"],
    loader: /^exit 127: .*undefined symbol: portreserve_test_absent/,
  },
  {
    what: "a symbol that libc does not have in that version",
    make: () => against(stubLibc(`-Wl,--version-script=${map("known.map")}`), "-DABSENT"),
    reasons: () => [
      "needs the symbol 'portreserve_test_absent@GLIBC_2.17', which this host's libc.so.6 does not define",
    ],
    loader: /^exit 127: .*undefined symbol: portreserve_test_absent, version GLIBC_2\.17/,
  },
  {
    what: "a version newer than the host's",
    make: () => against(stubLibc(`-Wl,--version-script=${map("future.map")}`)),
    reasons: () => [`needs GLIBC_9.99, and this host's libc.so.6 has nothing newer than ${glibc()}`],
    loader: /^exit 1: .*version `GLIBC_9\.99' not found/,
  },
  {
    what: "a version that never was",
    make: () => against(stubLibc(`-Wl,--version-script=${map("unknown.map")}`)),
    reasons: () => ["needs GLIBC_2.2.99, which this host's libc.so.6 does not define"],
    loader: /^exit 1: .*version `GLIBC_2\.2\.99' not found/,
  },
  {
    what: "another library",
    make: () =>
      against(compileC(`${SAMPLES}/libc.c`, [...SHARED, "-fno-builtin", "-Wl,-soname,libportreserve-test-none.so"])),
    reasons: () => ["needs the library 'libportreserve-test-none.so', and only libc.so.6 is in every program"],
    loader: /^exit 127: .*libportreserve-test-none\.so: cannot open shared object file/,
  },
  {
    what: "an executable stack",
    make: () => shim("-Wl,-z,execstack"),
    reasons: () => ["asks for an executable stack"],
  },
  {
    what: "text relocations",
    make: () => shim("-DTEXTREL", "-Wl,-z,notext"),
    reasons: () => ["has code that must be changed to be loaded (text relocations)"],
  },
  {
    what: "no marker",
    make: () => shim("-DUNMARKED"),
    reasons: () => ["is not a portreserve library: it has no symbol 'portreserve_shim'"],
  },
  {
    what: "a start of its own",
    make: () => compileC(`${SAMPLES}/shim.c`, ["-DPROGRAM", "-rdynamic", "-fPIE", "-pie"]),
    reasons: () => ["is a program, not a shared library"],
    loader: /cannot be preloaded .*: ignored/,
  },
];

test.skipIf(noLibc).each(BAD)(
  named("refuses a shim with $what, as the loader does", noLibc),
  ({ make, reasons, loader }) => {
    const bad = make();
    expect(unfit(bad)).toEqual(reasons());
    if (loader !== undefined) expect(loaderSays(bad)).toMatch(loader);
  },
);

test("names every reason, one each", () => {
  const made = (machine: number): ElfFile => fileOf(craft({ ...LAYOUTS[1], machine, hash: "gnu" }));
  const bad = fileOf(craft({ ...LAYOUTS[2], hash: "sysv" }));
  const reasons = [
    "is for ppc, and this host's libmade.so is for x86_64",
    "needs the library 'libc.so.6', and only libmade.so is in every program",
  ];
  expect(incompatibilities(bad, made(62))).toEqual(reasons);
  expect(incompatibilities({ ...bad, stack: "unmarked", type: "other", hasTextRelocations: true }, made(62))).toEqual([
    reasons[0],
    "is neither a program nor a shared library",
    "does not say that its stack need not be executable",
    "has code that must be changed to be loaded (text relocations)",
    reasons[1],
  ]);
});

test.skipIf(noLibc)(named("lets a version be absent whose need is weak", noLibc), () => {
  const future = fileAt(against(stubLibc(`-Wl,--version-script=${map("future.map")}`)));
  const weakly = { ...future, versionsNeeded: future.versionsNeeded.map((need) => ({ ...need, weak: true })) };
  expect(incompatibilities(future, libc as ElfFile)).toHaveLength(1);
  expect(incompatibilities(weakly, libc as ElfFile)).toEqual([]);
});

test("finds for a need without a version what is not hidden, or the oldest", () => {
  const needy = fileAt(shim("-DABSENT", "-nostdlib", stubLibc()));
  const script = `-Wl,--version-script=${map("two.map")}`;
  const old = fileAt(stubLibc(script, '-DHIDDEN="GLIBC_2.16"'));
  const newer = fileAt(stubLibc(script, '-DHIDDEN="GLIBC_2.17"'));
  expect(needy.versionsNeeded).toEqual([]);
  expect(incompatibilities(needy, fileAt(stubLibc()))).toEqual([]);
  expect(incompatibilities(needy, old)).toEqual([]);
  expect(incompatibilities(needy, newer)).toEqual([
    "needs the symbol 'portreserve_test_absent', which this host's libc.so.6 does not define",
  ]);
});

const noI386 = skipReason("i386");

test.skipIf(noI386 ?? noLibc)(named("judges a shim by the libc of its own kind of program", noI386 ?? noLibc), () => {
  const small = path.join(stagedNatives(), "libportreserve-i386.so");
  const smallLibc = execFileSync("cc", ["-m32", "-print-file-name=libc.so.6"], { encoding: "utf8" }).trim();
  expect(existsSync(smallLibc)).toBe(true);
  expect(unfit(small)).toEqual(["is for i386, and this host's libc.so.6 is for x86_64"]);
  expect(unfit(small, fileAt(smallLibc))).toEqual([]);
  expect(unfit(path.join(stagedNatives(), "libportreserve.so"), fileAt(smallLibc))).toEqual([
    "is for x86_64, and this host's libc.so.6 is for i386",
  ]);
  // Only a line on stderr, but at each start of each program.
  expect(loaderSays(small)).toMatch(/wrong ELF class: ELFCLASS32.*: ignored/);
});

function fileOf(bytes: Uint8Array): ElfFile {
  const file = readElf(bytesSource(bytes));
  if ("fault" in file) throw new Error(file.reason);
  return file;
}
