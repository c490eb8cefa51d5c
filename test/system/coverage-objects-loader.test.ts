// The loader's cache and what programs are started with: as ldconfig and ldd of this machine have it.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readElf } from "../../src/core/elf/read-elf.ts";
import { bytesSource } from "../../src/core/elf/reader.ts";
import type { ElfFile } from "../../src/core/elf/types.ts";
import { isUnseen } from "../../src/core/seen.ts";
import { type CacheEntry, readLoaderCache } from "../../src/observe/programs/loader/cache.ts";
import { type Closure, closure } from "../../src/observe/programs/loader/closure.ts";
import { named, skipReason } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";

const samples = "test/system/coverage-samples";
const bytes = readFileSync("/etc/ld.so.cache");
const cache = readLoaderCache(bytes);
const noRoot = skipReason("root");
const noMusl = skipReason("musl");
const no32 = skipReason("32-bit programs");

const FLAGS: Readonly<Record<number, string>> = {
  1: "ELF",
  3: "libc6",
  771: "libc6,x86-64",
  2051: "libc6,x32",
  2563: "libc6,AArch64",
};

function printed({ soname, path: file, flags, isSpecial }: CacheEntry): string {
  return `\t${soname} (${FLAGS[flags] ?? flags}${isSpecial ? ", special" : ""}) => ${file}`;
}

test("reads every entry of the cache as ldconfig does", () => {
  const output = execFileSync("/sbin/ldconfig", ["-p"], { encoding: "latin1" });
  const theirs = output.split("\n").filter((line) => line.startsWith("\t"));
  expect(cache?.entries.map(printed)).toEqual(theirs.map((line) => line.replace(/, hwcap: [^)]*/, ", special")));
  expect(theirs.length).toBeGreaterThan(10);
});

test("finds a library for its ABI alone", () => {
  const entries = cache?.entries.filter(({ soname }) => soname === "libc.so.6") ?? [];
  for (const [abi, flags] of [
    ["x86_64", 0x303],
    ["i386", 3],
    ["x32", 0x803],
    ["aarch64", 0xa03],
  ] as const) {
    const theirs = entries.filter((entry) => entry.flags === flags).map((entry) => entry.path);
    expect([abi, cache?.lookup("libc.so.6", abi)]).toEqual([abi, theirs]);
  }
  expect(cache?.lookup("libnothing.so.1", "x86_64")).toEqual([]);
  expect(cache?.lookup("libc.so.6", "constructor")).not.toContain(undefined);
});

test.skipIf(noRoot)(
  named("reads a cache of both formats, and one of the new format alone, that ldconfig made", noRoot),
  () => {
    const root = mkdtempSync(path.join(tmpdir(), "portreserve-cache-"));
    try {
      for (const folder of ["lib", "etc", "var/cache/ldconfig"])
        mkdirSync(path.join(root, folder), { recursive: true });
      copyFileSync(
        compileC(`${samples}/rpc.c`, ["-fPIC", "-shared", "-Wl,-soname,librpc.so.1"]),
        path.join(root, "lib/librpc.so.1"),
      );
      for (const [format, start] of [
        ["compat", "ld.so-1.7.0"],
        ["new", "glibc-ld.so"],
      ] as const) {
        execFileSync("/sbin/ldconfig", ["-r", root, "-X", "-c", format, "-C", "/cache"], { stdio: "ignore" });
        const made = readFileSync(path.join(root, "cache"));
        expect(made.toString("latin1", 0, start.length)).toBe(start);
        const read = readLoaderCache(made);
        expect(read?.entries.map(({ soname, path: file }) => [soname, file])).toEqual([
          ["librpc.so.1", "/lib/librpc.so.1"],
        ]);
      }
    } finally {
      rmSync(root, { recursive: true });
    }
  },
);

test("survives a cache that is cut or damaged in any place", () => {
  const start = bytes.subarray(0, 4096);
  let caches = 0;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(300), fc.nat(255)), { maxLength: 5 }),
      fc.nat(bytes.length),
      (changes, length) => {
        const copy = Uint8Array.from(length % 2 === 0 ? bytes : start).subarray(0, length);
        for (const [at, byte] of changes) if (at < copy.length) copy[at] = byte;
        const read = readLoaderCache(copy);
        if (read !== undefined) caches += 1;
        read?.lookup("libc.so.6", "x86_64");
      },
    ),
    { numRuns: 500 },
  );
  expect(caches).toBeGreaterThan(0);
  expect(readLoaderCache(new Uint8Array(0))).toBeUndefined();
  expect(readLoaderCache(bytes.subarray(0, 40))).toBeUndefined();
});

function read(file: string): ElfFile | undefined {
  if (!existsSync(file)) return undefined;
  const elf = readElf(bytesSource(readFileSync(file)));
  return "fault" in elf ? undefined : elf;
}

const folders = ["x86_64-linux-gnu", "aarch64-linux-gnu"].flatMap((abi) => [`/lib/${abi}`, `/usr/lib/${abi}`]);
const defaults = [...folders, "/lib64", "/usr/lib64", "/lib", "/usr/lib", "/lib32", "/usr/lib32"];

function ours(program: string): Closure {
  const found = closure(realpathSync(program), read, cache, defaults);
  if (isUnseen(found)) throw new Error(found.unseen);
  return found;
}

/** In ldd's order, by real names, with the loader at the end as ldd has it. */
function ldd(program: string): readonly string[] {
  const output = execFileSync("ldd", [program], { encoding: "latin1", env: { PATH: process.env.PATH ?? "" } });
  return [...output.matchAll(/^\t(?:\S+ => )?(\/\S+) \(0x/gm)].map(([, file]) => realpathSync(file ?? ""));
}

const programs = {
  "/usr/sbin/ypserv": "ypserv",
  "/usr/sbin/ypbind": "ypbind-mt",
  "/usr/sbin/rpc.statd": "nfs-common",
  "/usr/sbin/mount.nfs": "nfs-common",
  "/bin/ls": "coreutils",
  [process.execPath]: "nodejs",
};

for (const [program, debianPackage] of Object.entries(programs)) {
  const reason = skipReason({ program, package: debianPackage });
  test.skipIf(reason !== undefined)(named(`finds what ldd finds for '${program}'`, reason), () => {
    const { paths, missing } = ours(program);
    expect(missing).toEqual([]);
    const [own, ...others] = paths;
    expect(own).toBe(realpathSync(program));
    expect(others.map((file) => realpathSync(file)).sort()).toEqual([...ldd(program)].sort());
  });
}

test.skipIf(no32)(named("finds the libraries of a 32-bit program, not those of 64 bits", no32), () => {
  const program = compileC(`${samples}/caller.c`, ["-m32"]);
  expect(
    ours(program)
      .paths.slice(1)
      .map((file) => realpathSync(file)),
  ).toEqual(ldd(program));
});

test.each(["$ORIGIN", `\${ORIGIN}/../test-programs`, "/nowhere:$ORIGIN"])("follows the run path '%s'", (runpath) => {
  const library = compileC(`${samples}/rpc.c`, ["-fPIC", "-shared", "-Wl,-soname,librpc.so.9"]);
  const folder = mkdtempSync(path.join(tmpdir(), "portreserve-closure-"));
  const within = path.join(folder, "test-programs");
  try {
    mkdirSync(within);
    copyFileSync(library, path.join(within, "librpc.so.9"));
    for (const kind of ["--enable-new-dtags", "--disable-new-dtags"]) {
      const flags = ["-Wl,--no-as-needed", library, `-Wl,${kind}`, `-Wl,-rpath,${runpath}`];
      const program = path.join(within, "program");
      copyFileSync(compileC(`${samples}/go-note.c`, flags), program);
      const found = ours(program);
      expect(found.missing).toEqual([]);
      expect(found.paths.slice(1).map((file) => realpathSync(file))).toEqual(ldd(program));
      rmSync(path.join(within, "librpc.so.9"));
      expect(ours(program).missing).toEqual(["librpc.so.9"]);
      copyFileSync(library, path.join(within, "librpc.so.9"));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.skipIf(noMusl)(named("takes nothing of glibc for a program of musl", noMusl), () => {
  const { paths, missing } = ours(compileC(`${samples}/go-note.c`, [], "musl-gcc"));
  expect(missing).toEqual([]);
  expect(paths.slice(1)).toEqual([expect.stringMatching(/\/ld-musl-[^/]+$/)]);
});

test("gives up on a program that has millions of places to look at", () => {
  const program = read(realpathSync("/bin/ls")) as ElfFile;
  const needed = Array.from({ length: 1000 }, (_, index) => `lib${index}.so`);
  const runpath = Array.from({ length: 1000 }, (_, index) => `/folder${index}`).join(":");
  const hostile = (file: string): ElfFile | undefined => (file === "/a" ? { ...program, needed, runpath } : undefined);
  expect(closure("/a", hostile, undefined, [])).toEqual({
    unseen: "finding its libraries takes too long",
    rootWould: false,
  });
});

test("takes a static program alone, and says what is no program", () => {
  const program = compileC(`${samples}/caller.c`, ["-static"]);
  expect(ours(program)).toEqual({ paths: [program], missing: [] });
  expect(closure("/nowhere", read, cache, defaults)).toEqual({
    unseen: "its file cannot be read as a program",
    rootWould: false,
  });
});
