// Whether somebody else than root could put something else in the place of a file: what root may rely on, and what not.
import { lstatSync, readlinkSync, type Stats, statfsSync } from "node:fs";
import path from "node:path";
import { errnoOf } from "../app-error.ts";
import { kernelRoot, refuseLoop } from "./rooted.ts";

/**
 * The first folder or link on the way to `file`, or the file itself, that somebody else than root may change, as a path
 * below `root`; undefined if there is none. Links are followed inside `root`, which is looked at too, but not what is
 * above it. What does not exist is left out: nobody else can make it where nobody else may write. Throws the system error
 * (ELOOP after 40 links).
 */
export function othersMayWrite(file: string, root = "/"): string | undefined {
  const pending = path.resolve("/", file).split("/").slice(1);
  let done: string[] = [];
  const folder = (): string => `/${done.join("/")}`;
  // Where everybody may make files, what is not there yet may be anybody's tomorrow.
  const openFolder = (): string | undefined => (isOpen(statsOf(root, folder())) ? folder() : undefined);
  const top = statsOf(root, "/");
  if (top === undefined || isOthers(top) || isUsersFileSystem(root, "/", top)) return "/";
  let { dev } = top;
  for (let links = 0; pending.length > 0; ) {
    const name = pending.shift() as string;
    if (name === "" || name === ".") continue;
    if (name === "..") {
      done.pop();
      continue;
    }
    const place = `/${[...done, name].join("/")}`;
    const stats = statsOf(root, place);
    if (stats === undefined) return openFolder();
    if (stats.isSymbolicLink()) {
      if (stats.uid !== 0) return place;
      links += 1;
      refuseLoop(links);
      const target = readlinkSync(path.join(kernelRoot(root), place));
      if (target.startsWith("/")) done = [];
      pending.unshift(...target.split("/"));
      continue;
    }
    if (isOthers(stats) || (stats.dev !== dev && isUsersFileSystem(root, place, stats))) return place;
    done.push(name);
    dev = stats.dev;
  }
  return openFolder();
}

/** A folder in which everybody may make files, and only their owners may take them away, such as /tmp. */
function isOpen(stats: Stats | undefined): boolean {
  return stats?.isDirectory() === true && (stats.mode & STICKY) !== 0 && (stats.mode & WRITABLE) !== 0;
}

const STICKY = 0o1000;
const WRITABLE = 0o022;

function isOthers(stats: Stats): boolean {
  return stats.uid !== 0 || ((stats.mode & WRITABLE) !== 0 && !isOpen(stats));
}

/** FUSE_SUPER_MAGIC of linux/magic.h. */
const FUSE = 0x65735546;

/**
 * Whether a program of some user may answer for all that is in there, and say that it is root's. Where the host's own root
 * is of that kind, as in some containers, there is no other.
 */
function isUsersFileSystem(root: string, file: string, { dev }: Stats): boolean {
  return dev !== lstatSync("/").dev && statfsSync(path.join(kernelRoot(root), file)).type === FUSE;
}

/** Undefined where nothing can be, too: below a file. */
function statsOf(root: string, file: string): Stats | undefined {
  try {
    return lstatSync(path.join(kernelRoot(root), file), { throwIfNoEntry: false });
  } catch (error) {
    if (errnoOf(error) === "ENOTDIR") return undefined;
    throw error;
  }
}
