// The first part of the bundle: compiles the program, which is in a comment of the same file, or takes what V8 kept of it.
import { readFileSync } from "node:fs";
import vm from "node:vm";
import { type CompiledCode, codeStamp, keptCode } from "./kept-code.ts";

/**
 * Of the file around this part, as scripts/bundle.mjs makes it: `builtin` gives builtins of Node's and, before 20.16, other
 * modules too; `program` has the program in a comment, `LINE` lines further down than the file begins; `DIGEST` is its own.
 */
declare const builtin: (name: string) => object | undefined;
declare const file: string;
declare function program(): void;
declare const LINE: number;
declare const DIGEST: string;

/** A comment costs Node nothing, where a whole program costs it a quarter of its start. */
const [BEGIN, END] = ["\n/*\n", "\n*/\n"];

/** Builtins that take long to load, and of which most verbs need nothing: they are loaded when something of them is used. */
const LATE: readonly string[] = ["node:child_process", "node:crypto", "node:timers/promises", "node:tty", "node:zlib"];

// A part of the text that Node has read already: nothing is read again, and nothing is copied.
const text = Function.prototype.toString.call(program);
const source = text.slice(text.indexOf(BEGIN) + BEGIN.length, text.lastIndexOf(END));
const stamp = codeStamp(file, DIGEST);
const cachedData = stamp === undefined ? undefined : keptCode(stamp);
const script = new vm.Script(source, {
  filename: file,
  lineOffset: LINE,
  ...(cachedData === undefined ? {} : { cachedData }),
});
const compiledCode: CompiledCode = {
  stamp,
  isKept: cachedData !== undefined && script.cachedDataRejected === false,
  make: () => script.createCachedData(),
};
script.runInThisContext()((name: string) => (LATE.includes(name) ? late(name) : required(name)), file, compiledCode);

function late(name: string): object {
  return new Proxy({}, { get: (_, key) => Reflect.get(required(name) as object, key) });
}

/** All that is no builtin is the package.json in which node-gyp-build looks up a name. */
function required(name: string): unknown {
  return name.endsWith(".json") ? JSON.parse(readFileSync(name, "utf8")) : builtin(name);
}
