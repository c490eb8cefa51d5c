// Paths under --root: symbolic links inside it are followed as a program living in that root would follow them.
import { constants, existsSync, lstatSync, openSync, readlinkSync, realpathSync, statSync } from "node:fs";
import path from "node:path";
import { AppError, errnoOf, fromSystem, orUndefined } from "../app-error.ts";
import { ownDescriptor } from "../proc/process-files.ts";

/** As many links as the kernel follows. */
const LINK_LIMIT = 40;

/** For callers that follow links themselves. Throws ELOOP as the kernel does. */
export function refuseLoop(links: number): void {
  if (links <= LINK_LIMIT) return;
  throw Object.assign(new Error("ELOOP: too many symbolic links encountered, readlink"), { code: "ELOOP" });
}

/** What the kernel is given in the place of a root: its open folder, which stays the same whatever becomes of its name. */
const held = new Map<string, string>();

/** The folder given with --root as an absolute path without links; what root does in it stays in this very folder. Throws AppError. */
export function openRoot(folder: string): string {
  if (folder === "") throw new AppError("usage", "'--root' names no folder", "write --root FOLDER");
  let real: string;
  try {
    real = realpathSync(folder);
    if (statSync(real).isDirectory()) {
      if (real !== "/" && process.geteuid?.() === 0) hold(real);
      return real;
    }
  } catch (error) {
    throw fromSystem(error, `cannot use '${folder}' as the root`);
  }
  throw new AppError("incomplete", `cannot use '${folder}' as the root: not a folder`);
}

/** Somebody who owns a folder above it could put a link to the host in its place at any moment. */
function hold(real: string): void {
  const name = ownDescriptor(openSync(real, constants.O_RDONLY | constants.O_DIRECTORY));
  // In a chroot without /proc there is only the path.
  if (existsSync(name)) held.set(real, name);
}

/** The root as paths that `resolveUnder` gives begin with it. */
export function kernelRoot(root: string): string {
  return held.get(root) ?? root;
}

/** A path that `resolveUnder` gave, as the administrator knows it. */
export function shownPath(root: string, file: Buffer): string {
  return path.join(root, path.relative(kernelRoot(root), String(file)));
}

/** The path as the administrator writes it, links not followed. `file` is absolute. */
export function under(root: string, file: string): string {
  return path.join(root, file);
}

/**
 * Where `file` really is, with every link followed inside `root`: an absolute target starts at `root` again and '..'
 * never leaves it, so that work on an image cannot write to the host. The last name need not exist. Throws a
 * system error (ELOOP after 40 links). No defence against somebody who changes the links at the same time.
 */
export function resolveUnder(root: string, file: string | Buffer): Buffer {
  const whole = root === "/" ? realPath(file) : undefined;
  if (whole !== undefined) return whole;
  const place = root === "/" ? missingPlace(file) : undefined;
  if (place !== undefined) return place;
  const pending = names(typeof file === "string" ? Buffer.from(file) : file);
  let done: string[] = [];
  let links = 0;
  while (pending.length > 0) {
    const name = pending.shift() as string;
    if (name === "" || name === ".") continue;
    if (name === "..") {
      done.pop();
      continue;
    }
    const target = linkTarget(join(root, [...done, name]));
    if (target === undefined) {
      done.push(name);
      continue;
    }
    links += 1;
    refuseLoop(links);
    if (target[0] === 0x2f) done = [];
    pending.unshift(...names(target));
  }
  return join(root, done);
}

/** What is there, on the host itself, libc resolves in a tenth of the time. */
function realPath(file: string | Buffer): Buffer | undefined {
  try {
    return realpathSync.native(file, { encoding: "buffer" }) as unknown as Buffer;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

/** Where a file would be that is not there, in a folder that is. Undefined for anything else, such as a link to nothing. */
function missingPlace(file: string | Buffer): Buffer | undefined {
  if (typeof file !== "string" || !isMissing(file)) return undefined;
  const [, above, name] = /^(.*\/)([^/]+)$/.exec(file) ?? [];
  // The slash behind it: only a folder has one.
  const folder = above === undefined || name === "." || name === ".." ? undefined : realPath(above);
  return folder && Buffer.concat([folder, Buffer.from(folder.length === 1 ? `${name}` : `/${name}`)]);
}

function isMissing(file: string): boolean {
  return orUndefined(() => lstatSync(file, { throwIfNoEntry: false }) === undefined) === true;
}

/** Names are bytes: latin1 strings hold any of them without loss. */
function names(file: Buffer): string[] {
  return file.toString("latin1").split("/");
}

function join(root: string, parts: readonly string[]): Buffer {
  return Buffer.concat([
    Buffer.from(root === "/" ? "" : kernelRoot(root)),
    Buffer.from(`/${parts.join("/")}`, "latin1"),
  ]);
}

function linkTarget(file: Buffer): Buffer | undefined {
  try {
    return readlinkSync(file, { encoding: "buffer" }) as unknown as Buffer;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "EINVAL" || errno === "ENOENT") return undefined;
    throw error;
  }
}
