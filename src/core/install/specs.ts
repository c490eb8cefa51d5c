// Everything that `install` may put on a host beside the table and the preload list: which file, with which bytes, in which place.
import { enablingLinks, isOurUnit, packagedText, UNIT_MARKER, unitTexts } from "../systemd/unit-texts.ts";
import type { Artefact } from "./artefacts.ts";

/** An artefact before anybody has looked at its place. */
export interface Spec extends Omit<Artefact, "found" | "ours"> {
  /** Whether a file with these bytes, or a link to this target, in its place is one that this program put there. */
  readonly isOurs: (content: Uint8Array | string) => boolean;
}

const FILE_MODE = 0o644;
export const PROGRAM_MODE = 0o755;

export type LibraryKind = "shim" | "high" | "share";

/** The name by which each library calls itself, in every build of it. The twin stands in the shim's place, under its name. */
const LIBRARY_MARKS: Readonly<Record<LibraryKind, Buffer>> = {
  shim: Buffer.from("\0portreserve_shim\0"),
  high: Buffer.from("\0portreserve_shim\0"),
  share: Buffer.from("\0portreserve_share\0"),
};

/** `file`: where the loader of its ABI finds it. `labelOf`: a library of the host's, for its SELinux label. */
export function librarySpec(kind: LibraryKind, file: string, library: Uint8Array, labelOf: string): Spec {
  return {
    path: file,
    wanted: { kind: "file", bytes: library, mode: FILE_MODE },
    folders: [folderOf(file)],
    labelOf,
    isOurs: (content) => typeof content !== "string" && Buffer.from(content).includes(LIBRARY_MARKS[kind]),
  };
}

/** One file of the manager. `file` is its path below the manager's folder. */
export interface ManagerPart {
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly isProgram: boolean;
}

/** The name of the part that says whose folder it is: written first and removed last. */
export const MANAGER_MARK = "package.json";

/** `isOurFolder`: whether what is in `folder` now was put there by this program. */
export function managerSpecs(folder: string, parts: readonly ManagerPart[], isOurFolder: boolean): readonly Spec[] {
  const marked = [...parts].sort((a, b) => Number(b.file === MANAGER_MARK) - Number(a.file === MANAGER_MARK));
  return marked.map(({ file, bytes, isProgram }) => ({
    path: `${folder}/${file}`,
    wanted: { kind: "file", bytes, mode: isProgram ? PROGRAM_MODE : FILE_MODE },
    folders: parentsOf(file).map((parent) => (parent === "" ? folder : `${folder}/${parent}`)),
    isOurs: () => isOurFolder,
  }));
}

/** Whether the bytes of a `package.json` are those of the manager. */
export function isManagerMark(bytes: Uint8Array): boolean {
  return /"name":\s*"portreserve"/.test(Buffer.from(bytes).toString("latin1"));
}

export interface UnitsChoice {
  /** The folder of the administrator's units, with the links. */
  readonly folder: string;
  /** Where a package of the distribution has the unit files; undefined where they are ours to write. */
  readonly packaged?: string;
  /** Places whose changes start a compile: owners, services, blacklist. */
  readonly watched: readonly string[];
  /** Absolute paths of the node and the manager that root runs. */
  readonly node: string;
  readonly manager: string;
}

/** The units that keep the table fresh, and the links that enable them. */
export function unitSpecs({ folder, packaged, watched, node, manager }: UnitsChoice): readonly Spec[] {
  const texts = unitTexts(watched, { node, manager }).map(
    ([name, text]) => [name, packaged === undefined ? text : packagedText(text)] as const,
  );
  const units = packaged ?? folder;
  return [
    ...texts.map(([name, text]) => textSpec(`${units}/${name}`, text, isOurUnit, [units, folderOf(units)])),
    ...enablingLinks(folder, units).map(
      ({ path, target }): Spec => ({
        path,
        wanted: { kind: "link", target },
        folders: [folderOf(path), folder],
        isOurs: (content) => content === target,
      }),
    ),
  ];
}

/** Lets every program that AppArmor confines read the table; its abstractions let it map libraries already. */
export function ruleSpec(folder: string, table: string): Spec {
  const isOurs = (text: string): boolean => text.startsWith(UNIT_MARKER);
  return textSpec(`${folder}/portreserve`, `${UNIT_MARKER}\n${table} r,\n`, isOurs, [folder]);
}

/** A text file that says in its first line who wrote it. */
export function textSpec(
  path: string,
  text: string,
  isOurs: (text: string) => boolean,
  folders: readonly string[],
): Spec {
  return {
    path,
    wanted: { kind: "file", bytes: Buffer.from(text), mode: FILE_MODE },
    folders,
    isOurs: (content) => typeof content !== "string" && isOurs(Buffer.from(content).toString("latin1")),
  };
}

export function folderOf(file: string): string {
  return file.slice(0, file.lastIndexOf("/"));
}

/** The folders of a relative path, the nearest first, "" for the top. */
function parentsOf(file: string): readonly string[] {
  const names = file.split("/").slice(0, -1);
  return [...names.map((_, at) => names.slice(0, names.length - at).join("/")), ""];
}
