// From a line of /proc/PID/maps to the very file that is meant, and what is in it: each file is opened once a look.

import { isUnseen, type Unseen } from "../../core/seen.ts";
import type { ObjectFacts } from "../../coverage/facts.ts";
import { nameToText } from "../../system/files/raw-name.ts";
import { ENDED, isGone, isRefused, leadsNowhere, type Refused } from "../../system/proc/process-files.ts";
import { knownOf, type ObjectCache } from "../programs/known-file.ts";
import { whyPathSilent } from "../programs/read-path-answers.ts";
import { DELETED, type MappedFile, parseMappedFile, pathsMeant, withoutDeletedMark } from "./maps.ts";
import { type Answering, OF_A_USER, whySilent } from "./read-answering.ts";
import { type FileGuard, type FileIdentity, fileIdentity, GUARDED, withFile } from "./read-mapped-file.ts";

/** Processes with the same mounts and the same root find the same files. */
export interface View {
  /** The kernel's paths for this view are good in this process as they are. Otherwise they are good in the other's root. */
  readonly isOurs: boolean;
  /** The path of the view's root as the kernel gives it; "/" for most. One character for each byte. */
  readonly root: string;
  /** Keys by what the kernel says of a file: device, inode and path together. */
  readonly keys: Map<string, string>;
  /** The last program that was found behind the link of /proc/PID/exe, by what that link says. */
  readonly programs: Map<string, FileIdentity>;
}

export interface Objects {
  readonly found: Map<string, ObjectFacts>;
  readonly cache: ObjectCache;
  readonly asRoot: boolean;
  readonly answering: Answering;
  /** Milliseconds that this look still has for files of other users than root. */
  readonly budget: { left: number };
}

/** For files of other users than root together: none of them may keep a look of root's from its end. In milliseconds. */
export const USERS_TIME = 5000;

/** What a process has to do with a file that it has mapped. */
export interface MappedBy {
  readonly view: View;
  /** /proc/PID. */
  readonly folder: string;
  readonly executable: FileIdentity;
  /** The link of /proc/PID/exe. One character for each byte. */
  readonly executablePath: string;
  /** Whether it would keep root waiting if it could: see `mayHarm`. Asked once. */
  readonly mayHarm: () => boolean;
  /** Of one that may, in mounts of its own: it decides what is looked at, and no path of its is followed. */
  readonly guard: FileGuard | undefined;
  /** The same for its program, whatever mounts it has. */
  readonly guardOfProgram: () => FileGuard | undefined;
}

/**
 * The key of the file that `text` (see LinePlaces.file) is about. `range` is where it is mapped. Refused: the process
 * has ended, or has changed its mappings.
 */
export function keyOfMapped(objects: Objects, by: MappedBy, text: string, range: () => string): string | Refused {
  const known = by.view.keys.get(text);
  if (known !== undefined) return known;
  const mapped = parseMappedFile(text);
  if (mapped === undefined) return { errno: "EINVAL" };
  const link = mappedLink(by, range());
  const silent = whyMappedSilent(objects, by, mapped, range());
  if (silent !== undefined) {
    if (leadsNowhere(link)) return ENDED;
    const unseen = `maps:${mapped.device}:${mapped.inode}`;
    objects.found.set(unseen, { path: nameToText(Buffer.from(inRoot(by.view, mapped.path), "latin1")), elf: silent });
    by.view.keys.set(text, unseen);
    return unseen;
  }
  const place = findMapped(by, mapped, range());
  if ("errno" in place && (isGone(place) || leadsNowhere(link))) return ENDED;
  const path = nameToText(Buffer.from(shownPath(by, mapped.path, place), "latin1"));
  const key = "errno" in place ? `maps:${mapped.device}:${mapped.inode}` : place.identity.key;
  if (!objects.found.has(key)) {
    const guarded = "errno" in place && place.errno === GUARDED.errno;
    const elf = guarded ? OF_A_USER : "errno" in place ? outOfSight(objects) : elfOf(objects, place, by.guard);
    if (isUnseen(elf) && leadsNowhere(link)) return ENDED;
    objects.found.set(key, { path, elf });
  }
  by.view.keys.set(text, key);
  return key;
}

/** Why a mapped file must not be looked at; undefined where it may, and where a guard decides. */
export function whyMappedSilent(
  { answering }: Objects,
  by: MappedBy,
  { device }: MappedFile,
  range: string,
): Unseen | undefined {
  if (by.guard !== undefined) return undefined;
  return whySilent(answering, device, by.folder, mappedLink(by, range), by.mayHarm);
}

/** The key of a process's program, which it need not have mapped. Refused: the process has ended. */
export function keyOfExecutable(objects: Objects, by: MappedBy): string | Refused {
  const { key } = by.executable;
  if (!objects.found.has(key)) {
    const place: OpenableFile = {
      file: `${by.folder}/exe`,
      isKernelLink: true,
      identity: by.executable,
      path: undefined,
    };
    const path = nameToText(Buffer.from(shownPath(by, by.executablePath, place), "latin1"));
    const elf = elfOf(objects, place, by.guardOfProgram());
    // What this process can no longer show, another one of the same program may.
    if (isUnseen(elf) && leadsNowhere(`${by.folder}/exe`)) return ENDED;
    objects.found.set(key, { path, elf });
  }
  return key;
}

/** The path of the program in its own root, without the mark of a deleted file. One character for each byte. */
export function programPath(by: MappedBy): string {
  const { view, executable, executablePath } = by;
  return inRoot(view, isMarked(by, executable, executablePath) ? withoutDeletedMark(executablePath) : executablePath);
}

export interface OpenableFile {
  readonly file: string | Buffer;
  readonly isKernelLink: boolean;
  readonly identity: FileIdentity;
  /** The path by which it was found; undefined if by a link of the kernel's. */
  readonly path: string | undefined;
}

/**
 * Where the mapped file can be opened: by its path if that leads to the same device and inode; on file systems whose
 * devices stat has otherwise (overlayfs, btrfs) by the kernel's own link, or, where only root may use that, by a path that
 * leads to the same inode number.
 */
export function findMapped(by: MappedBy, mapped: MappedFile, range: string): OpenableFile | Refused {
  const paths = mapped.path.startsWith("/") ? pathsMeant(mapped.path) : [];
  let likely: OpenableFile | undefined;
  for (const path of paths) {
    if (!mayFollow(by, path)) continue;
    const file = reachable(by, path);
    const identity = fileIdentity(file);
    if (isRefused(identity) || identity.inode !== mapped.inode) continue;
    const place: OpenableFile = { file, isKernelLink: false, identity, path };
    if (identity.device === mapped.device) return place;
    if (!path.endsWith(DELETED)) likely ??= place;
  }
  if (by.executable.inode === mapped.inode && paths.includes(by.executablePath)) {
    return { file: `${by.folder}/exe`, isKernelLink: true, identity: by.executable, path: undefined };
  }
  const link = mappedLink(by, range);
  const identity = fileIdentity(link, by.guard);
  if (!isRefused(identity)) return { file: link, isKernelLink: true, identity, path: undefined };
  return likely ?? identity;
}

/** The kernel's link to what is mapped: its name is without the zeros that the list of mappings has in front of low addresses. */
function mappedLink({ folder }: MappedBy, range: string): string {
  return `${folder}/map_files/${range.replace(/^0+(?=[0-9a-f])|(?<=-)0+(?=[0-9a-f])/g, "")}`;
}

function shownPath(by: MappedBy, path: string, place: OpenableFile | Refused): string {
  const { view } = by;
  const plain = pathsMeant(path)[0] as string;
  if ("errno" in place) return inRoot(view, withoutDeletedMark(plain));
  if (place.path !== undefined) return inRoot(view, place.path);
  return inRoot(view, isMarked(by, place.identity, plain) ? withoutDeletedMark(plain) : plain);
}

/** Whether the end of the path is the kernel's mark: no file of that whole name is this one. */
function isMarked(by: MappedBy, identity: FileIdentity, path: string): boolean {
  if (!path.endsWith(DELETED)) return false;
  if (identity.isDeleted || !mayFollow(by, path)) return true;
  const named = fileIdentity(reachable(by, path));
  return isRefused(named) || named.key !== identity.key;
}

/** In mounts of a user's own a path may lead over a server of his at any moment, in the host's only where one is mounted. */
function mayFollow({ guard, mayHarm, view }: MappedBy, path: string): boolean {
  // What he may is read of each process; that nothing is mounted which may wait is known of all.
  return guard === undefined && !(view.isOurs && whyPathSilent(path) !== undefined && mayHarm());
}

/** Where this process finds what the kernel calls `path` for the other. */
function reachable({ view, folder }: MappedBy, path: string): Buffer {
  return Buffer.from(view.isOurs ? path : `${folder}/root${inRoot(view, path)}`, "latin1");
}

function inRoot({ root }: View, path: string): string {
  return root !== "/" && path.startsWith(`${root}/`) ? path.slice(root.length) : path;
}

function outOfSight({ asRoot }: Objects): Unseen {
  return { unseen: "its file was deleted or replaced, or is in a place that cannot be entered", rootWould: !asRoot };
}

function elfOf(
  { cache, asRoot, budget }: Objects,
  { file, isKernelLink, identity }: OpenableFile,
  guard: FileGuard | undefined,
): ObjectFacts["elf"] {
  const { key, version } = identity;
  const kept = cache.get(key, version);
  if (kept !== undefined) return kept.elf;
  // Devices and the like hold none of our code; opening one can act upon it.
  if (!identity.isRegular) return undefined;
  const isUsers = identity.owner !== 0;
  if (isUsers && budget.left <= 0) {
    return {
      unseen: `looking at the files of ordinary users took more than ${USERS_TIME / 1000} seconds`,
      rootWould: false,
    };
  }
  const since = performance.now();
  const known = withFile(
    file,
    isKernelLink,
    (open) =>
      open.identity.key === key ? knownOf(open, open.identity.version, open.identity.owner) : { errno: "ESTALE" },
    guard,
  );
  if (isUsers) budget.left -= performance.now() - since;
  if (isRefused(known)) {
    const denied = known.errno === "EACCES" || known.errno === "EPERM";
    return { unseen: `its file cannot be read (${known.errno})`, rootWould: denied && !asRoot };
  }
  cache.put(key, known);
  return known.elf;
}
