// Which processes may mean harm to whoever looks at them, and which of their files may be looked at all the same.
import { isRefused, processFolder, readBytes } from "../../system/proc/process-files.ts";
import { type FileSystem, fileSystemsIn } from "./file-systems.ts";
import { type Answering, whySilent } from "./read-answering.ts";
import type { FileGuard } from "./read-mapped-file.ts";
import { rightsOf } from "./read-rights.ts";
import { readMounts, type Self } from "./read-self.ts";

/**
 * Whether it is an ordinary user's, who would have root wait for ever. What may take privileged ports was given that right
 * by root; a user's own looks can only be kept waiting by himself.
 */
export function mayHarm(self: Self, folder: string): boolean {
  return self.asRoot && rightsOf(self, folder).mayBind !== true;
}

/** These have files of others in them, so that the server of a user's file system may stand behind one. */
const STACKED: ReadonlySet<string> = new Set(["overlay", "aufs"]);

/**
 * Goes by the mount that the kernel says an open file is on: paths, devices and the lists of them are as the process wants
 * them. Asked anew each time, since the process may mount others meanwhile; what is on no mount that is shown is refused.
 * `budget`: in milliseconds, for all such questions of a look.
 */
export function guardOf(answering: Answering, budget: { left: number }, folder: string): FileGuard {
  return (descriptor, file) => {
    if (budget.left <= 0) return false;
    const since = performance.now();
    const system = systemOf(descriptor, [folder, processFolder("self")]);
    budget.left -= performance.now() - since;
    if (system === undefined) return false;
    const isOwn = answering.own().has(system.device);
    if (system.isLocal) return isOwn || !STACKED.has(system.type);
    // What root has mounted may be asked whether it answers.
    return isOwn && whySilent(answering, system.device, folder, file) === undefined;
  };
}

/** Of the mount that an open file is on, as long as it is open; undefined where none of these processes has that mount. */
function systemOf(descriptor: number, folders: readonly string[]): FileSystem | undefined {
  const info = readBytes(`${processFolder("self")}/fdinfo/${descriptor}`);
  const id = isRefused(info) ? undefined : /^mnt_id:\t(\d+)$/m.exec(info.toString("latin1"))?.[1];
  if (id === undefined) return undefined;
  for (const folder of folders) {
    // A line of its own in front, so that the first is like all others.
    const mounts = Buffer.concat([Buffer.from("\n"), readMounts(folder) ?? Buffer.of()]);
    const start = mounts.indexOf(`\n${id} `) + 1;
    if (start === 0) continue;
    const end = mounts.indexOf("\n", start);
    return fileSystemsIn(mounts.subarray(start, end < 0 ? mounts.length : end))[0];
  }
  return undefined;
}
