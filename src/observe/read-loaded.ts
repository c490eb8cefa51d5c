// Whether programs load the shim by themselves: by the preload list, or by the drop-in of a service.
import { loadedNames } from "../core/preload-list/loaded.ts";
import { DROP_IN_NAME, isShimDropIn } from "../core/systemd/drop-in.ts";
import { isFault, readUnder } from "../system/files/read-file.ts";
import { PRELOAD_LIST } from "../system/paths.ts";
import { isShim } from "./programs/read-list-entries.ts";
import { dropInsCalled } from "./units/read-unit-files.ts";

const LIMIT = 1024 * 1024;

/** Undefined where the preload list cannot be read. */
export function loadsShim(root: string): boolean | undefined {
  const read = readUnder(root, PRELOAD_LIST, LIMIT);
  if (isFault(read) && read.kind !== "missing") return undefined;
  if (!isFault(read) && loadedNames(read.bytes).some(isShim)) return true;
  return dropInsCalled(root, DROP_IN_NAME).some(({ text }) => isShimDropIn(text));
}
