// Every way in which a preloaded library can be broken, as files made of real ones.
import { readFileSync } from "node:fs";
import path from "node:path";
import { compileC } from "../support/compile-c.ts";
import { built } from "../support/sandbox.ts";

const SHARED = ["-shared", "-fPIC"] as const;

function compiled(source: string, ...flags: readonly string[]): Buffer {
  return readFileSync(link(source, ...flags));
}

function link(source: string, ...flags: readonly string[]): string {
  return compileC(`test/recovery/${source}`, [...SHARED, ...flags]);
}

function shim(): Buffer {
  return readFileSync(built.shim);
}

/** EI_CLASS of elf(5), and the class of 32-bit programs. */
const CLASS_AT = 4;
const CLASS_32 = 1;

function of32Bits(): Buffer {
  const library = shim();
  library[CLASS_AT] = CLASS_32;
  return library;
}

const symbols = path.join(import.meta.dirname, "newer-libc.map");
const missing = (): string => link("plain.c", "-nostdlib", "-Wl,-soname,libnosuch.so.1");
const newer = (): string =>
  link("newer-libc.c", "-nostdlib", `-Wl,--version-script=${symbols}`, "-Wl,-soname,libc.so.6");
const large = (): Buffer => compiled("plain.c", "-DINTS=20000");

/** By the words of docs/recovery.md. Undefined: there is no such file. */
export const libraries = {
  "is cut short": () => shim().subarray(0, 3000),
  "is cut short, and was larger than a page": () => large().subarray(0, large().length / 2),
  "crashes when it is loaded": () => compiled("crash.c"),
  "lacks a function": () => compiled("lacks-symbol.c"),
  "needs a library that is missing": () => compiled("plain.c", "-Wl,--no-as-needed", missing()),
  "was built for a newer system": () => compiled("newer.c", "-nostdlib", newer()),
  "is missing": () => undefined,
  "is one for 32-bit programs": of32Bits,
  "is some other file": () => Buffer.from("a text, longer than the header of a library\n".repeat(100)),
  "is empty": () => Buffer.alloc(0),
} as const satisfies Record<string, () => Buffer | undefined>;

export type Broken = keyof typeof libraries;

/** Where the tests have the library: the page says LIBRARY. */
export const LIBRARY = "/etc/libportreserve.so";
export const LIST = "/etc/ld.so.preload";

/** The private /etc: the library as asked, and a list without entries, for the script to break the host with. */
export function etcWith(library: Broken | "is whole"): Record<string, Uint8Array> {
  const content = library === "is whole" ? shim() : libraries[library]();
  return {
    [path.relative("/etc", LIST)]: Buffer.alloc(0),
    ...(content === undefined ? {} : { [path.relative("/etc", LIBRARY)]: content }),
  };
}
