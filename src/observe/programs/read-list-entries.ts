// What the loader of each ABI finds for the entries of the preload list: beside the shim's, they decide who is asked first.
import { machineName } from "../../core/elf/machine.ts";
import { bytesSource } from "../../core/elf/reader.ts";
import { loadedNames } from "../../core/preload-list/loaded.ts";
import { isUnseen } from "../../core/seen.ts";
import type { ListEntryFacts } from "../../coverage/facts.ts";
import { nameToText } from "../../system/files/raw-name.ts";
import { isFault, readUnder } from "../../system/files/read-file.ts";
import type { HostAbi } from "../../system/host/abis.ts";
import { INSTALLED_SHIM, LIBRARY_FOLDERS } from "../../system/paths.ts";
import { fileAndFacts } from "./elf-facts.ts";
import { withToken } from "./loader/closure.ts";
import { loaderCacheOf } from "./loader/read-loader-cache.ts";
import { closedPlace } from "./read-closed.ts";
import { whyPathSilent } from "./read-path-answers.ts";
import { fileStatus } from "./read-programs-on-disk.ts";

type FoundFile = ListEntryFacts["files"][number];

const LIMIT = 64 * 1024 * 1024;

/** ld.so knows two ways to write it. */
export function isShim(name: string): boolean {
  return name.replaceAll("$" + "{LIB}", "$LIB") === INSTALLED_SHIM;
}

/** Of all entries but the shim's; `list`: the bytes of the preload list. */
export function listEntries(root: string, list: Uint8Array, abis: readonly HostAbi[]): readonly ListEntryFacts[] {
  const names = loadedNames(list);
  const at = names.findIndex(isShim);
  return names.flatMap((name, index): ListEntryFacts[] => {
    if (isShim(name)) return [];
    const files = abis.map((abi) => fileFor(root, name, abi));
    return [{ name: nameToText(Buffer.from(name, "latin1")), beforeShim: index < at, files }];
  });
}

function fileFor(root: string, name: string, { name: abi, lib }: HostAbi): FoundFile {
  const known = withToken(withToken(name, "LIB", lib ?? "$LIB"), "PLATFORM", abi === "i386" ? "i686" : abi);
  if (known.includes("$")) {
    return { abi, elf: { unseen: "where it is depends on the program or its loader", rootWould: false } };
  }
  let other: FoundFile = { abi, elf: "missing" };
  for (const path of known.includes("/") ? [known] : placesOf(root, known, abi)) {
    const found = fileAt(root, path, abi);
    if (found.elf !== "missing" && found.elf !== "other ABI") return found;
    if (other.elf === "missing") other = found;
  }
  return other;
}

/** A name without '/' is searched for as every library is. */
function placesOf(root: string, name: string, abi: string): readonly string[] {
  return [...(loaderCacheOf(root)?.lookup(name, abi) ?? []), ...LIBRARY_FOLDERS.map((folder) => `${folder}/${name}`)];
}

function fileAt(root: string, path: string, abi: string): FoundFile {
  // From the folder of whoever starts the program.
  if (!path.startsWith("/")) return { abi, elf: { unseen: "its path is not absolute", rootWould: false } };
  const silent = root === "/" ? whyPathSilent(path) : undefined;
  if (silent !== undefined) return { abi, elf: silent };
  const read = readUnder(root, path, LIMIT);
  if (isFault(read)) {
    if (read.kind === "missing") return { abi, elf: "missing" };
    return { abi, elf: { unseen: `it cannot be read: ${read.reason}`, rootWould: read.kind === "denied" } };
  }
  const { file, elf } = fileAndFacts(bytesSource(read.bytes));
  if (elf === undefined) return { abi, elf: "no library" };
  if (isUnseen(elf)) return { abi, elf };
  if (file !== undefined && machineName(file) !== abi) return { abi, elf: "other ABI" };
  const key = fileStatus(root, path)?.key;
  const closedBy = closedPlace(root, path);
  return { abi, ...(key === undefined ? {} : { key }), elf, ...(closedBy === undefined ? {} : { closedBy }) };
}
