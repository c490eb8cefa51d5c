// What readelf(1) says of real files, and what our reader says of them, in the same words.
import { execFileSync } from "node:child_process";
import { accessSync, closeSync, constants, fstatSync, openSync, readdirSync, readSync, realpathSync } from "node:fs";
import path from "node:path";
import { readElf } from "../../src/core/elf/read-elf.ts";
import { symbols } from "../../src/core/elf/symbols.ts";
import type { ElfFile, ElfSource, ElfSymbol } from "../../src/core/elf/types.ts";

/** Each fact about a file as one line. */
export type Facts = readonly string[];

/** The regular files below a folder by their real names, each once; symbolic links to folders are not followed. */
export function filesBelow(folder: string): readonly string[] {
  const entries = readdirSync(realpathSync(folder), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
}

/** Calls `use` with a source that reads the file as it is asked to. */
export function withFile<T>(file: string, use: (source: ElfSource) => T): T {
  const descriptor = openSync(file, "r");
  try {
    return use({
      size: fstatSync(descriptor).size,
      read: (offset, length) => {
        const bytes = Buffer.alloc(length);
        return bytes.subarray(0, readSync(descriptor, bytes, 0, length, offset));
      },
    });
  } finally {
    closeSync(descriptor);
  }
}

export function isElf(file: string): boolean {
  if (!isReadable(file)) return false;
  return withFile(file, (source) => Buffer.from(source.read(0, 4)).toString("latin1") === "\x7fELF");
}

function isReadable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/** Our reader's account of a file. */
export function ourFacts(file: string): Facts {
  return withFile(file, (source) => {
    const elf = readElf(source);
    if ("fault" in elf) return [elf.reason];
    const found = symbols(elf);
    return "fault" in found ? [found.reason] : factsOf(elf, found);
  });
}

function factsOf(elf: ElfFile, found: readonly ElfSymbol[]): Facts {
  const optional = (name: string, value: string | undefined): Facts =>
    value === undefined ? [] : [`${name} ${value}`];
  return [
    `class ELF${elf.bits}`,
    `${elf.byteOrder} endian`,
    `type ${elf.type}`,
    `stack ${elf.stack}`,
    ...optional("interpreter", elf.interpreter),
    ...elf.needed.map((name) => `needed ${name}`),
    ...optional("soname", elf.soname),
    ...optional("rpath", elf.rpath),
    ...optional("runpath", elf.runpath),
    ...(elf.isSymbolic ? ["symbolic"] : []),
    ...(elf.hasTextRelocations ? ["textrel"] : []),
    ...(elf.isPie ? ["pie"] : []),
    ...elf.versionsDefined.map((version) => `version ${version}`),
    ...elf.versionsNeeded.map(({ file, version, weak }) => `needs ${file} ${version}${weak ? " weak" : ""}`),
    ...found.map((symbol) => symbolFact(symbol, elf)),
  ];
}

const TYPES = { none: "NOTYPE", object: "OBJECT", function: "FUNC", "thread-local": "TLS", ifunc: "IFUNC", other: "?" };

function symbolFact({ name, defined, weak, kind, version, hidden }: ElfSymbol, elf: ElfFile): string {
  // A program's copy of a library's variable is defined with a version that the program needs.
  const isOwn = version !== undefined && elf.versionsDefined.includes(version);
  const mark = defined && isOwn && !hidden ? "@@" : "@";
  // readelf leaves out the version of the symbol that stands for a version itself.
  const shown = version === undefined || (defined && version === name) ? name : `${name}${mark}${version}`;
  return `symbol ${TYPES[kind]} ${weak ? "WEAK" : "strong"} ${defined ? "here" : "UND"} ${shown}`;
}

/** readelf's account of files, by their names. */
export function readelfFacts(files: readonly string[], folder = "."): ReadonlyMap<string, Facts> {
  const facts = new Map<string, string[]>();
  // readelf names files only when there are several, and some have megabytes of symbols.
  for (let first = 0; first < files.length; first += 100) {
    const some = [...files.slice(first, first + 100), ...files.slice(0, 1)];
    const output = execFileSync("readelf", ["-W", "-h", "-l", "-d", "-V", "--dyn-syms", ...some], {
      cwd: folder,
      encoding: "latin1",
      env: { ...process.env, LC_ALL: "C" },
      maxBuffer: 2 ** 30,
      stdio: ["ignore", "pipe", "ignore"],
    });
    for (const part of output.split(/^File: /m).slice(1)) {
      const end = part.indexOf("\n");
      facts.set(part.slice(0, end), readelfFactsOf(part.slice(end)));
    }
  }
  return facts;
}

function readelfFactsOf(output: string): string[] {
  const all = (pattern: RegExp): string[][] => [...output.matchAll(pattern)].map((match) => [...match]);
  const kind = /^ {2}Type: +(\w+)/m.exec(output)?.[1];
  const stack = /^ {2}GNU_STACK(?: +0x[0-9a-f]+){5} (.{3}) \w+$/m.exec(output)?.[1];
  const flags = /\(FLAGS\) +(.*)$/m.exec(output)?.[1] ?? "";
  const lines = (name: string, pattern: RegExp): string[] => all(pattern).map(([, value]) => `${name} ${value}`);
  return [
    ...lines("class", /^ {2}Class: +(\w+)/gm),
    `${/^ {2}Data: .* (little|big) endian/m.exec(output)?.[1]} endian`,
    `type ${kind === "DYN" ? "shared" : kind === "EXEC" ? "executable" : "other"}`,
    `stack ${stack === undefined ? "unmarked" : stack.includes("E") ? "executable" : "plain"}`,
    ...lines("interpreter", /\[Requesting program interpreter: (.*)\]/g),
    ...lines("needed", /\(NEEDED\) +Shared library: \[(.*)\]/g),
    ...lines("soname", /\(SONAME\) +Library soname: \[(.*)\]/g),
    ...lines("rpath", /\(RPATH\) +Library rpath: \[(.*)\]/g),
    ...lines("runpath", /\(RUNPATH\) +Library runpath: \[(.*)\]/g),
    ...(/\(SYMBOLIC\)/.test(output) || /\bSYMBOLIC\b/.test(flags) ? ["symbolic"] : []),
    ...(/\(TEXTREL\)/.test(output) || /\bTEXTREL\b/.test(flags) ? ["textrel"] : []),
    ...(/\(FLAGS_1\).*\bPIE\b/.test(output) ? ["pie"] : []),
    ...all(/Rev: \d+ {2}Flags: (.*?) +Index: \d+ {2}Cnt: \d+ {2}Name: (.*)$/gm)
      .filter(([, base]) => !base?.includes("BASE"))
      .map(([, , name]) => `version ${name}`),
    ...neededVersions(output),
    ...symbolLines(output),
  ];
}

function neededVersions(output: string): string[] {
  let file = "";
  return [
    ...output.matchAll(/ Version: \d+ {2}File: (.*?) {2}Cnt: \d+$| Name: (\S+) {2}Flags: (.*?) +Version: \d+$/gm),
  ].flatMap(([, next, version, flags]) => {
    if (next !== undefined) file = next;
    return version === undefined ? [] : [`needs ${file} ${version}${flags?.includes("WEAK") ? " weak" : ""}`];
  });
}

function symbolLines(output: string): string[] {
  const table = output.split("\nSymbol table '.dynsym'")[1]?.split("\n\n")[0] ?? "";
  // The binding of a file for GNU/Linux is UNIQUE where others have "<OS specific>: 10".
  const line = /^ +\d+: [0-9a-f]+ +\S+ (\w+) +(GLOBAL|WEAK|UNIQUE|<OS specific>: 10) +\w+ +(?:\[.*?\] +)?(\w+) (.*)$/gm;
  return [...table.matchAll(line)].map(([, type, bind, where, name]) => {
    const shown = name?.replace(/ \(\d+\)$/, "");
    return `symbol ${type} ${bind === "WEAK" ? "WEAK" : "strong"} ${where === "UND" ? "UND" : "here"} ${shown}`;
  });
}
