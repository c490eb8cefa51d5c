// Whether the manager's folder on a host is the work of a package of the distribution, which owns what is in it and beside it.
import path from "node:path";
import { packageRoot } from "../../core/native.ts";
import { isFault, readUnder } from "../files/read-file.ts";
import { MANAGER_FOLDER, UNIT_FOLDER, VENDOR_UNIT_FOLDER } from "../paths.ts";

/**
 * `none`: no package; what is there was put there by `install`. `own`: this very program is the package's. `other`: a
 * package is there, and this program is not of it, or looks at it from outside.
 */
export type Packaging = "none" | "own" | "other";

/** Says so in the package.json of a package's manager, with the name of the tool that owns its files. */
const MARK = "packagedBy";
const LIMIT = 64 * 1024;

/** The package's own word for it is enough: who can write there is root, and could do anything else. */
export function packagingOf(root: string): Packaging {
  if (ownerOf(root) === undefined) return "none";
  return root === "/" && packageRoot === path.resolve(MANAGER_FOLDER) ? "own" : "other";
}

/** The command that puts the files of a package there again, as the tool that owns them has it. */
export function reinstallCommand(root: string): string {
  return ownerOf(root) === "rpm" ? "dnf reinstall portreservectl" : "apt-get install --reinstall portreservectl";
}

function ownerOf(root: string): string | undefined {
  const read = readUnder(root, `${MANAGER_FOLDER}/package.json`, LIMIT);
  return isFault(read) ? undefined : packagedBy(Buffer.from(read.bytes).toString("utf8"));
}

/** The tool that owns the files of a manager with this package.json, "dpkg" or "rpm". */
function packagedBy(text: string): string | undefined {
  try {
    const value = (JSON.parse(text) as Readonly<Record<string, unknown>> | null)?.[MARK];
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The folder of portreserve's own unit files. */
export function unitFolderOf(root: string): string {
  return packagingOf(root) === "none" ? UNIT_FOLDER : VENDOR_UNIT_FOLDER;
}
