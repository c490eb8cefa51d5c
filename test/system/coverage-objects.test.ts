// Facts of real ELF files: they agree with readelf and nm, and slots are where a running process has its calls.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { bytesSource } from "../../src/core/elf/reader.ts";
import { packageRoot } from "../../src/core/native.ts";
import { isUnseen } from "../../src/core/seen.ts";
import { ALLOCATOR_NAMES, OLD_RPC } from "../../src/coverage/allocators.ts";
import type { ElfFacts } from "../../src/coverage/facts.ts";
import { elfFacts, slotsOf } from "../../src/observe/programs/elf-facts.ts";
import { named, skipReason } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { isElf, withFile } from "./readelf.ts";

const samples = "test/system/coverage-samples";
const noReadelf = skipReason({ program: "readelf", package: "binutils" });
const no32 = skipReason("32-bit programs");
const noMusl = skipReason("musl");

function factsOf(file: string): ElfFacts {
  const facts = withFile(file, elfFacts);
  if (facts === undefined || isUnseen(facts)) throw new Error(`'${file}': ${facts?.unseen ?? "no ELF file"}`);
  return facts;
}

type Account = Pick<ElfFacts, "calls" | "defines" | "interposable">;

/** What readelf says, in the same words. */
function readelfAccount(file: string): Account {
  const options = ["-W", "-d", "--dyn-syms", "-r", file];
  const output = execFileSync("readelf", options, {
    encoding: "latin1",
    env: { ...process.env, LC_ALL: "C" },
    maxBuffer: 2 ** 28,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const plain = (name: string): string => name.replace("@@", "@");
  const isWanted = (name: string): boolean => {
    const [bare = "", version = ""] = plain(name).split("@");
    return (
      ALLOCATOR_NAMES.has(bare) && (!(OLD_RPC as readonly string[]).includes(bare) || version.startsWith("GLIBC_"))
    );
  };
  const table = [...output.matchAll(/^ +\d+: \w+ +\S+ \w+ +(?:GLOBAL|WEAK) +\w+ +(\w+) ([^ \n]+)/gm)].filter(
    ([, , name]) => isWanted(name ?? ""),
  );
  const list = (names: readonly (string | undefined)[]): readonly string[] =>
    [...new Set(names.map((name) => plain(name ?? "")))].sort();
  const defines = list(table.filter(([, where]) => where !== "UND").map(([, , name]) => name));
  const slots = [...output.matchAll(/^[0-9a-f]+ +[0-9a-f]+ R_\w+ +[0-9a-f]+ +([^ \n]+)/gm)].map(([, name]) => name);
  const isSymbolic = /\(SYMBOLIC\)|\bSYMBOLIC\b/.test(output);
  return {
    calls: list(table.filter(([, where]) => where === "UND").map(([, , name]) => name)),
    defines,
    interposable: isSymbolic ? [] : list(slots).filter((name) => defines.includes(name)),
  };
}

/** Those of the files that have one of the names anywhere in them. */
function mentioning(files: readonly string[]): readonly string[] {
  const patterns = [...ALLOCATOR_NAMES].flatMap((name) => ["-e", name]);
  const { stdout } = spawnSync("grep", ["-laF", ...patterns, "--", ...files], { encoding: "utf8" });
  return stdout.split("\n").filter((line) => line !== "");
}

const folders = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib32", "/usr/sbin"];

test.skipIf(noReadelf)(
  named("agrees with readelf on every library and program that mentions an allocator", noReadelf),
  () => {
    const all = folders
      .filter((folder) => existsSync(folder))
      .flatMap((folder) => readdirSync(folder).map((name) => path.join(folder, name)))
      .filter((file) => existsSync(file) && statSync(file).isFile() && isElf(file))
      .filter((file) => !file.endsWith(".o"));
    const files = mentioning(all);
    const ours = files.map((file) => {
      const { calls, defines, interposable } = factsOf(file);
      return [file, { calls, defines, interposable }] as const;
    });
    expect(ours).toEqual(files.map((file) => [file, readelfAccount(file)]));
    expect(ours.filter(([, { defines }]) => defines.length > 0).map(([file]) => path.basename(file))).toContain(
      "libc.so.6",
    );
  },
);

test.each([
  [[], ["bindresvport_sa"]],
  [["-Wl,-Bsymbolic-functions"], []],
  [["-Wl,-Bsymbolic"], []],
])(
  "sees which of its own allocators a library linked with %j calls so that others can interpose",
  (flags, interposable) => {
    const library = compileC(`${samples}/rpc.c`, ["-fPIC", "-shared", ...flags]);
    const facts = factsOf(library);
    expect(facts).toMatchObject({ calls: [], defines: ["bindresvport", "bindresvport_sa"], interposable });
    const slots = withFile(library, slotsOf);
    expect(slots).toMatchObject({ slots: interposable.map((symbol) => ({ symbol, bytes: 8 })), firstLoad: 0 });
  },
);

test("sees what static programs contain, unless they were stripped", () => {
  const file = compileC(`${samples}/caller.c`, ["-static"]);
  expect(factsOf(file)).toMatchObject({ isProgram: true, isStatic: true, calls: [], contains: ["bindresvport"] });
  const nm = execFileSync("nm", [file], { encoding: "latin1" });
  expect(nm).toMatch(/ [TtWw] bindresvport$/m);
  const pie = compileC(`${samples}/caller.c`, ["-static-pie"]);
  expect(factsOf(pie)).toMatchObject({ isProgram: true, isStatic: true, contains: ["bindresvport"] });
  const stripped = compileC(`${samples}/caller.c`, ["-static", "-s"]);
  expect(factsOf(stripped)).toMatchObject({
    isStatic: true,
    contains: { unseen: "it has no symbol table", rootWould: false },
  });
  expect(factsOf(compileC(`${samples}/go-note.c`, ["-static"]))).toMatchObject({ isStatic: true, contains: [] });
  expect(factsOf(compileC(`${samples}/caller.c`))).toMatchObject({ isStatic: false, contains: undefined });
});

test("sees the hidden allocator that a static program reaches through rcmd()", () => {
  expect(factsOf(compileC(`${samples}/rcmd.c`, ["-static"])).contains).toEqual(["rresvport", "rresvport_af"]);
  expect(factsOf(compileC(`${samples}/rcmd.c`)).calls).toEqual([expect.stringMatching(/^rcmd@GLIBC_/)]);
});

test.skipIf(noMusl)(named("sees what a static program of musl contains", noMusl), () => {
  const flags = ["-static", "-DMAIN", "-nostartfiles", "-Wl,-e,bindresvport"];
  const facts = factsOf(compileC(`${samples}/rpc.c`, flags, "musl-gcc"));
  expect(facts).toMatchObject({ isStatic: true, contains: ["bindresvport", "bindresvport_sa"] });
});

test("knows programs of Go by their note", () => {
  expect(factsOf(compileC(`${samples}/go-note.c`, ["-static"])).isGo).toBe(true);
  expect(factsOf(compileC(`${samples}/go-note.c`)).isGo).toBe(true);
  expect(factsOf(compileC(`${samples}/caller.c`, ["-static"])).isGo).toBe(false);
});

test("finds Go's own bind() in the table of its functions, and takes a program without that table for one that has it", () => {
  const withTable = (name: string) => ["-Uunix", `-DFUNCTION=${name}`, "-static"];
  const go = (flags: readonly string[]) => factsOf(compileC(`${samples}/go-note.c`, [...flags]));
  expect(go(withTable("syscall.Bind")).goBinds).toBe(true);
  expect(go(withTable("golang.org/x/sys/unix.Bind")).goBinds).toBe(true);
  expect(go(withTable("syscall.Bindings")).goBinds).toBe(undefined);
  expect(go(["-static"]).goBinds).toBe(true);
  expect(factsOf(compileC(`${samples}/caller.c`, ["-static"])).goBinds).toBe(undefined);
});

const REAL_GO = path.join(packageRoot, `node_modules/@typescript/typescript-linux-${process.arch}/lib/tsc`);
const noGo = existsSync(REAL_GO) ? undefined : "the TypeScript compiler is not there for this machine";

test.skipIf(noGo !== undefined)(named("finds it in a real program", noGo), () => {
  expect(factsOf(REAL_GO)).toMatchObject({ isGo: true, goBinds: true });
});

/** The word at each slot of a running program's own file, and where the program says its allocator is. */
async function wordsOf(program: string): Promise<{ words: readonly bigint[]; allocator: bigint }> {
  const found = withFile(program, slotsOf);
  if (found === undefined || isUnseen(found)) throw new Error(found?.unseen);
  const child = spawn(program, { stdio: ["pipe", "pipe", "ignore"] });
  try {
    const [said] = (await once(child.stdout, "data")) as [Buffer];
    const maps = readFileSync(`/proc/${child.pid}/maps`, "latin1").split("\n");
    const first = maps.find((line) => line.endsWith(program) && / 00000000 /.test(line)) ?? "";
    const base = BigInt(`0x${first.slice(0, first.indexOf("-"))}`);
    const memory = openSync(`/proc/${child.pid}/mem`, "r");
    try {
      const words = found.slots.map(({ address, bytes }) => {
        const word = Buffer.alloc(8);
        readSync(memory, word, 0, bytes, base - BigInt(found.firstLoad) + BigInt(address));
        return word.readBigUInt64LE();
      });
      return { words, allocator: BigInt(said.toString().trim()) };
    } finally {
      closeSync(memory);
    }
  } finally {
    child.kill();
  }
}

async function checkSlots(flag: string): Promise<void> {
  const pic = flag === "-no-pie" ? ["-fno-pie"] : ["-fPIE"];
  const { words, allocator } = await wordsOf(compileC(`${samples}/caller.c`, [flag, ...pic, "-Wl,-z,now"]));
  expect(words.length).toBeGreaterThan(0);
  // A program that may not be moved says where its own stub is, and the slot leads to libc.
  if (flag !== "-no-pie") expect(words).toContain(allocator);
  for (const word of words) expect(word).not.toBe(0n);
}

test.each(["-pie", "-no-pie"])("finds the slots of a running program linked with %s", checkSlots);

test.skipIf(no32)(named("finds the slots of a running program of 32 bits", no32), () => checkSlots("-m32"));

test("never throws, whatever bytes of a real static program or library are damaged or cut", () => {
  const libraries = [compileC(`${samples}/rpc.c`, ["-fPIC", "-shared"]), compileC(`${samples}/go-note.c`, ["-static"])];
  const originals = [...libraries, compileC(`${samples}/caller.c`)].map((file) => readFileSync(file));
  const seen = new Set<string>();
  const place = fc.oneof(fc.integer({ min: 0, max: 1200 }), fc.integer({ min: -3000, max: -1 }), fc.nat());
  const damage = fc.array(fc.tuple(place, fc.nat(255)), { maxLength: 8 });
  fc.assert(
    fc.property(fc.constantFrom(...originals), damage, (original, changes) => {
      const bytes = Uint8Array.from(original);
      for (const [at, byte] of changes) bytes[(at < 0 ? bytes.length + at : at) % bytes.length] = byte;
      const facts = elfFacts(bytesSource(bytes));
      slotsOf(bytesSource(bytes));
      seen.add(
        facts === undefined ? "none" : isUnseen(facts) ? "unseen" : isUnseen(facts.contains) ? "no names" : "facts",
      );
    }),
    { numRuns: 600 },
  );
  expect([...seen].sort()).toEqual(expect.arrayContaining(["facts", "unseen"]));
});
