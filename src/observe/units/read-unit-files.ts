// Looks through the host's unit files: which are there, and which speak of the shim.
import path from "node:path";
import { oncePerText } from "../../core/once.ts";
import type { Unseen } from "../../core/seen.ts";
import { templateOf } from "../../core/systemd/unit-name.ts";
import { orUndefined } from "../../system/app-error.ts";
import { namesIn, resolvedEntry, statEntry } from "../../system/files/entry.ts";
import { resolveUnder } from "../../system/files/rooted.ts";
import { isEmptyBy, stampedFiles } from "../../system/files/stamped.ts";
import { UNIT_FOLDER, UNIT_FOLDERS } from "../../system/paths.ts";
import { isRefused } from "../../system/proc/process-files.ts";
import { fileIdentity } from "../processes/read-mapped-file.ts";
import { maySomethingWait, whyPathSilent } from "../programs/read-path-answers.ts";
import type { FileStamp } from "./known-units.ts";

/** A unit file or drop-in, and its text. */
export interface UnitText {
  readonly path: string;
  readonly text: string;
}

/** Each once: on most hosts /lib is a link to /usr/lib. */
function unitFolders(root: string, realOf = (folder: string) => realFolder(root, folder)): readonly string[] {
  const seen = new Set<string>();
  return UNIT_FOLDERS.filter((folder) => {
    const real = realOf(folder);
    const isNew = real !== undefined && !seen.has(real);
    if (real !== undefined) seen.add(real);
    return isNew;
  });
}

function realFolder(root: string, folder: string): string | undefined {
  return orUndefined(() => resolveUnder(root, folder).toString("latin1"));
}

/** Whether the host, or the image, is one that systemd boots. */
export function hasUnits(root: string): boolean {
  return UNIT_FOLDERS.some((folder) => namesIn(root, folder).some((name) => name.endsWith(".service")));
}

/** The files called `name` in the folders of units other than the administrator's, the first that counts first. */
export function othersUnits(root: string, name: string): readonly UnitText[] {
  return unitFolders(root)
    .filter((folder) => folder !== UNIT_FOLDER)
    .flatMap((folder) => readUnitText(root, `${folder}/${name}`));
}

/** Files `name` in the drop-in folders of the administrator's units. */
export function dropInsCalled(root: string, name: string): readonly UnitText[] {
  return namesIn(root, UNIT_FOLDER)
    .filter((folder) => folder.endsWith(".d"))
    .flatMap((folder) => readUnitText(root, `${UNIT_FOLDER}/${folder}/${name}`));
}

/** Every unit file and drop-in of the host that has `text` in it, each file once. */
export function unitsThatName(root: string, text: string): readonly UnitText[] {
  const folders = unitFolders(root).flatMap((folder) => [
    folder,
    ...namesIn(root, folder)
      .filter((name) => name.endsWith(".d"))
      .map((name) => `${folder}/${name}`),
  ]);
  const files = folders.flatMap((folder) =>
    namesIn(root, folder)
      .filter((name) => /\.(conf|service|mount|swap|socket)$/.test(name))
      .flatMap((name) => readUnitText(root, path.join(folder, name))),
  );
  return files.filter((file) => file.text.includes(text));
}

/** Of the administrator's bytes, one character for each. */
function latin1Of({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("latin1");
}

/** A list of one, or of none where there is no such file or it cannot be read. */
export function readUnitText(root: string, file: string): readonly UnitText[] {
  if (whyPathSilent(path.join(root, file)) !== undefined) return [];
  const found = statEntry(root, file);
  return found.kind === "file" ? [{ path: file, text: latin1Of(found.bytes) }] : [];
}

/** What is found where a unit's file should be. */
export interface UnitFileText {
  readonly text: string;
  /** `masked`: an empty file, or a link to the null device. `error`: it cannot be read. */
  readonly state: "loaded" | "masked" | "error";
  /** Why it cannot be read, where systemd may read it. */
  readonly unread?: Unseen;
}

/** A unit file in the folder that wins. */
export interface FoundUnitFile {
  readonly path: string;
  /** The unit's name: for an alias, what its link leads to. */
  readonly unit: string;
  /** Of a file in this very place that is not empty. */
  readonly stamp?: FileStamp;
  readonly look: () => UnitFileText;
}

/** One for each name of a service, a socket or a template of them, aliases too. */
export function unitFiles(root: string): readonly (FoundUnitFile & { readonly name: string })[] {
  const seen = new Set<string>();
  const realOf = oncePerText((folder) => realFolder(root, folder));
  const reals = new Set(UNIT_FOLDERS.map(realOf));
  return unitFolders(root, realOf).flatMap((folder) => {
    const stamps = stampsIn(root, realOf(folder));
    return namesIn(root, folder)
      .filter((name) => UNIT.test(name))
      .flatMap((name) => {
        if (seen.has(name)) return [];
        seen.add(name);
        return [{ name, ...unitFile(root, `${folder}/${name}`, reals, stamps.get(name)) }];
      });
  });
}

const UNIT = /^[A-Za-z0-9:_.\\-]+(@[A-Za-z0-9:_.\\@-]*)?\.(service|socket)$/;

/** None where a look at one of them might have to wait. */
function stampsIn(root: string, real: string | undefined): ReadonlyMap<string, FileStamp> {
  return root !== "/" || real === undefined || maySomethingWait(real) ? new Map() : stampedFiles(real);
}

function unitFile(
  root: string,
  file: string,
  folders: ReadonlySet<string | undefined>,
  stamp: FileStamp | undefined,
): FoundUnitFile {
  const name = path.basename(file);
  if (stamp !== undefined && !isEmptyBy(stamp)) {
    return {
      path: file,
      unit: name,
      stamp,
      look: () =>
        textAt(
          root,
          file,
          orUndefined(() => resolveUnder(root, file)),
        ),
    };
  }
  const silent = whyPathSilent(path.join(root, file));
  if (silent !== undefined) {
    return { path: file, unit: name, look: () => ({ text: "", state: "error", unread: silent }) };
  }
  const place = orUndefined(() => resolveUnder(root, file));
  const real = place?.toString("latin1");
  const target = real === undefined ? name : path.basename(real);
  // A link to its template is how an instance is enabled, and one to a file elsewhere is how systemctl links that: each is
  // a unit of its own.
  const isAlias =
    UNIT.test(target) &&
    path.extname(target) === path.extname(name) &&
    target !== templateOf(name) &&
    folders.has(path.dirname(real ?? ""));
  return { path: file, unit: isAlias ? target : name, look: () => textAt(root, file, place) };
}

function textAt(root: string, file: string, place: Buffer | undefined): UnitFileText {
  const found = place === undefined ? statEntry(root, file) : resolvedEntry(place);
  const text = found.kind === "file" ? latin1Of(found.bytes) : "";
  const isEmpty = found.kind === "file" ? text === "" : found.kind === "other" && found.reason === "a device";
  const unread =
    found.kind === "other" && !isEmpty
      ? { unseen: `'${file}' is ${found.reason}`, rootWould: process.geteuid?.() !== 0 }
      : undefined;
  const state = isEmpty ? "masked" : found.kind === "file" ? "loaded" : "error";
  return { text, state, ...(unread === undefined ? {} : { unread }) };
}

/** Of a unit's own file and its drop-ins; undefined where one of them is not to be known again. */
export function stampsOf({ stamp }: FoundUnitFile, dropIns: readonly string[]): readonly FileStamp[] | undefined {
  const stamps = [stamp, ...dropIns.map(stampOfDropIn)];
  return stamps.every((one) => one !== undefined) ? stamps : undefined;
}

function stampOfDropIn(file: string): FileStamp | undefined {
  const found = whyPathSilent(file) === undefined ? fileIdentity(file) : undefined;
  return found === undefined || isRefused(found) ? undefined : `${found.key} ${found.version} ${found.owner}`;
}
