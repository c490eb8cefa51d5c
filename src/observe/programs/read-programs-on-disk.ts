// Programs of the host as files: where a name leads, what stat(2) says, and which have more rights than the user who starts them.
import { realpathSync, statSync } from "node:fs";
import path from "node:path";
import type { AheadGroup } from "../../core/native.ts";
import { errnoOf, orUndefined } from "../../system/app-error.ts";
import { capabilitiesQuestions, filesWithCapabilitiesOr } from "../../system/files/attributes.ts";
import { resolveUnder } from "../../system/files/rooted.ts";
import { PROGRAM_FOLDERS, UNIT_SEARCH_PATH } from "../../system/paths.ts";
import { answersAhead } from "../../system/proc/process-files.ts";
import { whyPathSilent } from "./read-path-answers.ts";

export interface FileStatus {
  /** "DEVICE:INODE", both decimal, as mapped files are named. */
  readonly key: string;
  /** Its last change, in milliseconds since 1970. */
  readonly changedAt: number;
  readonly uid: number;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
}

/** Links are followed inside `root`. Undefined where there is no such file or it is out of reach. */
export function fileStatus(root: string, file: string): FileStatus | undefined {
  return orUndefined(() => {
    // Some file systems have inodes that need all 64 bits.
    const { dev, ino, mtimeMs, uid, mode } = statSync(resolveUnder(root, file), { bigint: true });
    return { key: `${dev}:${ino}`, changedAt: Number(mtimeMs), uid: Number(uid), mode: Number(mode) & 0o7777 };
  });
}

/** The path without links; undefined where there is nothing, or its file system does not answer. */
export function realPathOf(file: string): string | undefined {
  return whyPathSilent(file) !== undefined ? undefined : orUndefined(() => realpathSync.native(file));
}

/**
 * Where a mount of a unit's really is: systemd follows links. A path that cannot be followed may lead anywhere, which is
 * the root.
 */
export function mountPoint(target: string): string {
  if (whyPathSilent(target) !== undefined) return "/";
  try {
    return realpathSync.native(target);
  } catch (error) {
    return ["ENOENT", "ENOTDIR"].includes(errnoOf(error) ?? "") ? target : "/";
  }
}

/** What systemd starts for a name in ExecStart=; undefined where there is no such program. `folders`: of ExecSearchPath=. */
export function programCalled(name: string, folders: readonly string[] = []): string | undefined {
  const search = folders.length === 0 ? UNIT_SEARCH_PATH.split(":") : folders;
  const places = name.startsWith("/") ? [name] : search.map((folder) => path.join(folder, name));
  return places.find((file) => whyPathSilent(file) === undefined && orUndefined(() => statSync(file))?.isFile());
}

export interface TrustedProgram {
  readonly path: string;
  readonly isSetuidRoot: boolean;
  /** Its attribute security.capability. */
  readonly capabilities: Uint8Array | undefined;
}

/**
 * Those that have more rights than the user who starts them: setuid to root, or with capabilities. Each once, in the usual folders of
 * programs; links are left out, since what they lead to is there too.
 */
export function trustedPrograms(): readonly TrustedProgram[] {
  return programFolders()
    .flatMap(trustedIn)
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** What `trustedPrograms` will ask, for `askAhead`. */
export function trustedQuestions(): AheadGroup {
  return capabilitiesQuestions(SETUID, programFolders());
}

/** Those that are there, each by one of its names. */
function programFolders(): readonly string[] {
  const folders = new Map(PROGRAM_FOLDERS.map((folder) => [realPathOf(folder), folder] as const).reverse());
  return [...folders].filter(([real]) => real !== undefined).map(([, folder]) => folder);
}

/** Setgid to root gives no right to a privileged port. */
function trustedIn(folder: string): readonly TrustedProgram[] {
  answersAhead(folder);
  return filesWithCapabilitiesOr(SETUID, folder)
    .filter(({ mode }) => (mode & 0o111) !== 0)
    .map(({ name, mode, uid, value }) => {
      return { path: `${folder}/${name}`, isSetuidRoot: uid === 0 && (mode & SETUID) !== 0, capabilities: value };
    })
    .filter(({ isSetuidRoot, capabilities }) => isSetuidRoot || capabilities !== undefined);
}

const SETUID = 0o4000;
