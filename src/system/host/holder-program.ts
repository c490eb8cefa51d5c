// portreserve-hold as this package has it: to be copied to where its unit starts it, and to be started by the demo.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { nativeFolder, packageRoot } from "../../core/native.ts";
import { HOLDER_FILE, HOLDER_PROGRAM } from "../paths.ts";

/** `arch`: Node's name of a machine. Undefined where the package has none for it. */
export function holderProgram(arch: string): Uint8Array | undefined {
  const folder = arch === process.arch ? nativeFolder() : path.join(packageRoot, "prebuilds", `linux-${arch}`);
  const file = path.join(folder, HOLDER_PROGRAM);
  return existsSync(file) ? readFileSync(file) : undefined;
}

/** The file of this very version, else the installed one: the manager that is installed has none beside it. */
export function holderFile(): string {
  const own = path.join(nativeFolder(), HOLDER_PROGRAM);
  return existsSync(own) ? own : HOLDER_FILE;
}
