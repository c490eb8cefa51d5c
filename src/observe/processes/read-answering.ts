// Whether the file system of a file answers, so that no look waits for ever for a server that is dead or means harm.
import { once } from "../../core/once.ts";
import type { Unseen } from "../../core/seen.ts";
import { leadsNowhere, processFolder } from "../../system/proc/process-files.ts";
import { runProgram } from "../../system/start-program.ts";
import { type FileSystem, fileSystemsIn } from "./file-systems.ts";
import { readMounts } from "./read-self.ts";

/** Of one look: each file system is asked once. */
export interface Answering {
  /** By device: those of this program's own mounts, which nobody but root has made, unless they say so. */
  readonly own: () => ReadonlyMap<string, FileSystem>;
  readonly known: Map<string, FileSystem>;
  readonly asked: Map<string, Unseen | undefined>;
  /** In milliseconds: how long this look may still wait for answers. */
  readonly patience: { left: number };
}

export function answering(): Answering {
  const own = once(() => new Map(systemsOf(processFolder("self")).map((system) => [system.device, system])));
  return { own, known: new Map(), asked: new Map(), patience: { left: MOST_PATIENCE } };
}

export function systemsOf(folder: string): readonly FileSystem[] {
  return fileSystemsIn(readMounts(folder) ?? Buffer.of());
}

/** In milliseconds. A server that takes longer for one answer would take minutes for a look. */
const PATIENCE = 1000;
const MOST_PATIENCE = 5 * PATIENCE;

/**
 * Undefined where a file may be looked at. `device`: of the file, as /proc/PID/maps has it; undefined where it is not
 * known. `folder`: /proc/PID, in whose mounts it is found. `file`: asked for by another program, which is left alone if it has
 * no answer within a second. What a user's FUSE server shows is not asked for, but by that user: it may answer once and
 * never again; and where the process `mayHarm` neither is what no mount shows, unless the kernel says that it is its own.
 */
export function whySilent(
  answering: Answering,
  device: string | undefined,
  folder: string,
  file: string | Buffer,
  mayHarm = (): boolean => false,
): Unseen | undefined {
  const { own, known, asked } = answering;
  const find = (): FileSystem | undefined =>
    device === undefined ? undefined : (own().get(device) ?? known.get(device));
  let system = find();
  if (system?.isLocal === true) return undefined;
  const name = `${device ?? String(file)}${mayHarm() ? " of a user" : ""}`;
  if (asked.has(name)) return asked.get(name);
  if (device !== undefined && system === undefined) {
    for (const found of systemsOf(folder)) known.set(found.device, found);
    system = find();
  }
  if (system?.isLocal === true) return undefined;
  const { userFuse } = system ?? {};
  if (userFuse !== undefined && userFuse !== process.geteuid?.()) {
    return {
      unseen: `it is on a FUSE file system of user ${userFuse}, who could keep this program waiting`,
      rootWould: false,
    };
  }
  const answer = ask(answering, file, system, mayHarm);
  // The end of a process says nothing of what others have of the same device.
  if (answer !== OF_A_USER || !leadsNowhere(file)) asked.set(name, answer);
  return answer;
}

/** The same for the root of a process with other mounts; `mounts` names its mount namespace. */
export function whyRootSilent(answering: Answering, mounts: string, folder: string): Unseen | undefined {
  if (!answering.asked.has(mounts)) {
    const root = systemsOf(folder).findLast(({ point }) => point === "/");
    answering.asked.set(mounts, whySilent(answering, root?.device, folder, `${folder}/root`));
  }
  return answering.asked.get(mounts);
}

function ask(
  { patience }: Answering,
  file: string | Buffer,
  system: FileSystem | undefined,
  mayHarm: () => boolean,
): Unseen | undefined {
  const shown = system === undefined ? "" : ` (${system.type})`;
  const late = { unseen: `its file system${shown} has not answered within a second`, rootWould: false };
  if (patience.left <= 0) return late;
  const done = runProgram(["stat", "-L", "-f", "-c", "%t", "--", String(file)], { timeout: PATIENCE, mayStay: true });
  if (done.outcome === "late") {
    patience.left -= PATIENCE;
    return late;
  }
  if (system !== undefined || !mayHarm()) return undefined;
  return done.outcome === "ended" && KERNELS.has(done.stdout.trim()) ? undefined : OF_A_USER;
}

/** What stands behind it cannot be told, and may be a server of the user's. */
export const OF_A_USER: Unseen = {
  unseen: "it is on a file system of a user's, who could keep this program waiting",
  rootWould: false,
};

/** File systems that answer from memory and disks, as statfs(2) has them (linux/magic.h), of files on no mount that is shown. */
const KERNELS: ReadonlySet<string> = new Set([
  "1021994", // tmpfs: memory with a name (memfd_create)
  "958458f6", // hugetlbfs
  "858458f6", // ramfs
  "ef53", // ext2 to ext4
  "58465342", // xfs
  "9123683e", // btrfs
  "f2f52010", // f2fs
  "2fc12fc1", // zfs
  "73717368", // squashfs
  "e0f5e1e2", // erofs
]);
