// The loader's cache of the host, or of an image.
import { isFault, readUnder } from "../../../system/files/read-file.ts";
import { LOADER_CACHE } from "../../../system/paths.ts";
import { type LoaderCache, readLoaderCache } from "./cache.ts";

const LIMIT = 64 * 1024 * 1024;

/** Undefined where there is none, or none that can be read. Links are followed inside `root`. */
export function loaderCacheOf(root: string): LoaderCache | undefined {
  const read = readUnder(root, LOADER_CACHE, LIMIT);
  return isFault(read) ? undefined : readLoaderCache(read.bytes);
}
