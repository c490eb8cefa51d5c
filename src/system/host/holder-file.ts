// Where this package has portreserve-hold: beside the addon, or where install has put it.
import { existsSync } from "node:fs";
import path from "node:path";
import { nativeFolder } from "../../core/native.ts";
import { HOLDER_FILE, HOLDER_PROGRAM } from "../paths.ts";

/** The holder of this very version, else the installed one. */
export function holderProgram(): string {
  const own = path.join(nativeFolder(), HOLDER_PROGRAM);
  return existsSync(own) ? own : HOLDER_FILE;
}
