// Where the shim is: installed on the host, or beside the addon of this package.
import { existsSync } from "node:fs";
import path from "node:path";
import { nativeFolder } from "../../core/native.ts";
import { AppError } from "../app-error.ts";
import { INSTALLED_SHIM, INSTALLED_SHIM_FILES } from "../paths.ts";

/**
 * What to write into LD_PRELOAD. The installed path holds ld.so's `$LIB`, so that programs of every ABI find theirs.
 * Throws AppError: `incomplete` where there is no shim, `unsafe` for a path that LD_PRELOAD cannot express.
 */
export function shimForPreload(): string {
  if (INSTALLED_SHIM_FILES.some((file) => existsSync(file))) return INSTALLED_SHIM;
  const file = path.join(nativeFolder(), "libportreserve.so");
  if (!existsSync(file)) {
    throw new AppError(
      "incomplete",
      `the shim '${file}' is missing`,
      "build it with 'npm run build', or install the package again",
    );
  }
  // ld.so also expands '$' in each entry.
  if (/[\s:$]/.test(file)) {
    const hint = "install the package in a folder without spaces, colons and dollar signs";
    throw new AppError("unsafe", `LD_PRELOAD cannot express the path '${file}'`, hint);
  }
  return file;
}
