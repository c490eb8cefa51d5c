// The first part of the bundle: compiles the program, which is in a comment of the same file, or takes what V8 kept of it.
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import vm from "node:vm";
import { type CompiledCode, codeStamp, keptCode } from "./kept-code.ts";

/** As scripts/bundle.mjs writes them. A comment costs Node nothing, where a whole program costs it a quarter of its start. */
const [BEGIN, END, ESCAPED_END] = ["\n/*\n", "\n*/\n", "*~/"];

/** Builtins that take long to load, and of which most verbs need nothing: they are loaded when something of them is used. */
const LATE: readonly string[] = ["node:child_process", "node:crypto", "node:timers/promises", "node:tty"];

const file = fileURLToPath(import.meta.url);
const { text, stamp } = read();
const begin = text.indexOf(BEGIN) + BEGIN.length;
const source = text.slice(begin, text.indexOf(END, begin)).replaceAll(ESCAPED_END, "*/");
const cachedData = stamp === undefined ? undefined : keptCode(stamp);
const script = new vm.Script(source, {
  filename: file,
  lineOffset: text.slice(0, begin).split("\n").length - 1,
  ...(cachedData === undefined ? {} : { cachedData }),
});
const compiledCode: CompiledCode = {
  stamp,
  isKept: cachedData !== undefined && script.cachedDataRejected === false,
  make: () => script.createCachedData(),
};
const require = createRequire(file);
script.runInThisContext()((name: string) => (LATE.includes(name) ? late(name) : require(name)), file, compiledCode);

function late(name: string): object {
  return new Proxy({}, { get: (_, key) => Reflect.get(require(name) as object, key) });
}

/** The stamp is taken of the very file that is read, and before: what changes later has another. */
function read(): { readonly text: string; readonly stamp: string | undefined } {
  const descriptor = openSync(file, "r");
  const found = codeStamp(fstatSync(descriptor, { bigint: true }));
  const all = readFileSync(descriptor, "latin1");
  closeSync(descriptor);
  return { text: all, stamp: found };
}
