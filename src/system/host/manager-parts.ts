// The files of the manager as this package has them, to be copied to where root's units run them.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { ManagerPart } from "../../core/install/specs.ts";
import { nativeFolder, packageRoot } from "../../core/native.ts";
import { isFolder } from "../files/entry.ts";
import { MANAGER_FOLDER } from "../paths.ts";

/** The whole manager in one file, below the package's folder and below the folder it is copied to. */
export const MANAGER_FILE = "dist/portreservectl.mjs";

/** The native parts of every package; those for other ABIs come along where the package has them. */
const PARTS = [
  { name: "portreserve.node", isProgram: false, needed: true },
  { name: "libportreserve.so", isProgram: false, needed: true },
  { name: "libportreserve-i386.so", isProgram: false, needed: false },
  { name: "libportreserve-high.so", isProgram: false, needed: true },
  { name: "libportreserve-high-i386.so", isProgram: false, needed: false },
  { name: "libportreserve-share.so", isProgram: false, needed: true },
  { name: "libportreserve-share-i386.so", isProgram: false, needed: false },
  { name: "portreserve-probe", isProgram: true, needed: true },
  { name: "portreserve-probe-i386", isProgram: true, needed: false },
  { name: "portreserve-probe-static", isProgram: true, needed: true },
  { name: "portreserve-pidexec", isProgram: true, needed: true },
] as const;

/**
 * Undefined where something is missing: the package was not built, or has no parts for `arch` (Node's name of a machine).
 * `packaged`: whether they are to be what a package of the distribution has, which says so.
 */
export function managerParts(arch: string, packaged = false): readonly ManagerPart[] | undefined {
  const bundle = path.join(packageRoot, MANAGER_FILE);
  const folder = arch === process.arch ? nativeFolder() : path.join(packageRoot, "prebuilds", `linux-${arch}`);
  const parts = PARTS.map((part) => ({ ...part, source: path.join(folder, part.name) }));
  const found = parts.filter(({ source }) => existsSync(source));
  if (!existsSync(bundle) || parts.some((part) => part.needed && !found.includes(part))) return undefined;
  return [
    { file: "package.json", bytes: Buffer.from(`${JSON.stringify(identity(packaged))}\n`), isProgram: false },
    { file: MANAGER_FILE, bytes: readFileSync(bundle), isProgram: true },
    ...found.map(({ name, source, isProgram }) => ({
      file: `prebuilds/linux-${arch}/${name}`,
      bytes: readFileSync(source),
      isProgram,
    })),
  ];
}

/** The files that a manager of any version may have in its folder on the host, as paths below the folder; none without the folder. */
export function partsInPlace(root: string): readonly string[] {
  if (!isFolder(root, MANAGER_FOLDER)) return [];
  const natives = MACHINES.flatMap((machine) => PARTS.map(({ name }) => `prebuilds/${machine}/${name}`));
  return ["package.json", MANAGER_FILE, ...natives];
}

const MACHINES: readonly string[] = ["linux-x64", "linux-arm64"];

/** What Node and the manager itself ask of a package. */
function identity(packaged: boolean): Readonly<Record<string, string>> {
  const { name, version, type, packagedBy } = JSON.parse(readFileSync(path.join(packageRoot, "package.json"), "utf8"));
  return { name, version, type, ...(packaged ? { packagedBy } : {}) };
}
