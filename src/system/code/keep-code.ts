// Keeps, at the end of a run, what V8 has made of the program, for the next start.
import { accessSync, constants } from "node:fs";
import path from "node:path";
import { orUndefined } from "../app-error.ts";
import { replaceFile } from "../files/replace-file.ts";
import { expectMore } from "../one-look.ts";
import { CODE_FILE } from "../paths.ts";
import { type CompiledCode, headOf } from "./kept-code.ts";

/** In the bundle, what its first part knows; elsewhere there is no such name. */
declare const compiledCode: CompiledCode | undefined;

let isAsked = false;

/** For a run that has had most of the program compiled: nothing else is kept. Never throws, at the end neither. */
export function keepCodeAtExit(): void {
  if (isAsked || typeof compiledCode === "undefined" || compiledCode.isKept) return;
  isAsked = true;
  const { stamp, make } = compiledCode;
  if (stamp !== undefined) process.once("exit", () => orUndefined(() => keep(stamp, make)));
}

function keep(stamp: string, make: CompiledCode["make"]): void {
  // Asked first, since making it is most of the work.
  accessSync(path.dirname(CODE_FILE), constants.W_OK);
  // V8 takes it only with the flags that it was made with.
  expectMore();
  replaceFile({ file: Buffer.from(CODE_FILE), bytes: Buffer.concat([headOf(stamp), make()]), mode: 0o600 });
}
