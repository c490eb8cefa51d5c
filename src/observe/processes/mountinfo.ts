// /proc/PID/mountinfo: whether /proc shows every process to everybody, and where two processes find different files.
import { PRIVATE_PLACES, PROCESSES_PLACE, READ_OF_PROC } from "../../system/paths.ts";

/** How the file system at `place` hides processes, and from which group it does not. */
export interface Hiding {
  readonly hides: boolean;
  /** Members of this group see all. 0 by default. */
  readonly group: number;
}

/** `place` is a path without blanks. The last mount there is the one that is seen. */
export function hidingAt(mountinfo: Buffer, place: string): Hiding {
  const options = mountinfo
    .toString("latin1")
    .split("\n")
    .map((line) => line.split(" "))
    .findLast((fields) => fields[4] === place)
    ?.at(-1)
    ?.split(",");
  const value = (name: string): string | undefined =>
    options?.find((option) => option.startsWith(`${name}=`))?.slice(name.length + 1);
  const hidepid = value("hidepid") ?? "off";
  return { hides: hidepid !== "off" && hidepid !== "0", group: Number(value("gid") ?? "0") };
}

interface Mount {
  /** "8:1", decimal. */
  readonly device: string;
  /** Which folder of the file system is mounted. */
  readonly root: string;
  readonly point: string;
}

function mountsIn(mountinfo: Buffer): readonly Mount[] {
  return mountinfo
    .toString("latin1")
    .split("\n")
    .flatMap((line) => {
      const [, , device, root, point] = line.split(" ");
      return device === undefined || root === undefined || point === undefined ? [] : [{ device, root, point }];
    });
}

/**
 * The first place, in the order of names, at which the mounts of one process lead to another folder than those of the
 * other: hidden, replaced, or of another root. Read-only or not is no difference, and what is private to services is left
 * out. Both as bytes of /proc/PID/mountinfo. Paths keep the kernel's escapes ("\\040" for a blank).
 */
export function differingPlace(one: Buffer, other: Buffer): string | undefined {
  const [ones, others] = [mountsIn(one), mountsIn(other)].map(sameProc) as [readonly Mount[], readonly Mount[]];
  const points = [...new Set(["/", ...ones, ...others].map((it) => (typeof it === "string" ? it : it.point)))].sort();
  return points
    .filter((point) => !PRIVATE_PLACES.some((place) => isBelow(point, place)) && isReadOfProc(point))
    .find((point) => folderAt(ones, point) !== folderAt(others, point));
}

/** What is put over /proc/kallsyms or a random boot_id hides nothing that is looked at. */
function isReadOfProc(point: string): boolean {
  if (!isBelow(point, PROCESSES_PLACE) || /^\d/.test(point.slice(PROCESSES_PLACE.length + 1))) return true;
  return READ_OF_PROC.some((place) => isBelow(point, place) || isBelow(place, point));
}

/** A service may have a mount of proc of its own, which shows the same: by its options others tell what it hides. */
function sameProc(mounts: readonly Mount[]): readonly Mount[] {
  const own = mounts.findLast(({ point, root }) => point === PROCESSES_PLACE && root === "/")?.device;
  return mounts.map((mount) => (mount.device === own ? { ...mount, device: "proc" } : mount));
}

/** Which folder of which file system is found at a path: the deepest mount decides, the last one where there are several. */
function folderAt(mounts: readonly Mount[], path: string): string | undefined {
  let found: Mount | undefined;
  for (const mount of mounts) {
    if (isBelow(path, mount.point) && mount.point.length >= (found?.point.length ?? 0)) found = mount;
  }
  if (found === undefined) return undefined;
  const rest = path.slice(found.point === "/" ? 0 : found.point.length);
  return `${found.device} ${`${found.root}${rest}`.replace(/^\/+/, "/").replace(/(?<=.)\/$/, "")}`;
}

function isBelow(path: string, folder: string): boolean {
  return folder === "/" || path === folder || path.startsWith(`${folder}/`);
}
