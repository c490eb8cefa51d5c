// Whether the file system of a file answers, so that no look waits for ever for a server that is dead or means harm.
import type { Unseen } from "../../core/seen.ts";
import { runProgram } from "../../system/start-program.ts";
import { type FileSystem, fileSystemsIn } from "./file-systems.ts";
import { readMounts } from "./read-self.ts";

/** Of one look: each file system is asked once. */
export interface Answering {
  readonly known: Map<string, FileSystem>;
  readonly asked: Map<string, Unseen | undefined>;
}

export function answering(): Answering {
  return { known: new Map(), asked: new Map() };
}

/** In milliseconds. A server that takes longer for one answer would take minutes for a look. */
const PATIENCE = 1000;

/**
 * Undefined where a file may be looked at. `device`: of the file, as /proc/PID/maps has it; undefined where it is not
 * known. `folder`: /proc/PID, in whose mounts it is found. `file`: asked for by another program, which is killed if it has
 * no answer within a second. What a user's FUSE server shows is not asked for, but by that user: it may answer once and
 * never again.
 */
export function whySilent(
  { known, asked }: Answering,
  device: string | undefined,
  folder: string,
  file: string | Buffer,
): Unseen | undefined {
  let system = device === undefined ? undefined : known.get(device);
  if (device !== undefined && system === undefined) {
    for (const found of fileSystemsIn(readMounts(folder) ?? Buffer.of())) known.set(found.device, found);
    system = known.get(device);
  }
  if (system?.isLocal === true) return undefined;
  const { userFuse } = system ?? {};
  if (userFuse !== undefined && userFuse !== process.geteuid?.()) {
    return {
      unseen: `it is on a FUSE file system of user ${userFuse}, who could keep this program waiting`,
      rootWould: false,
    };
  }
  const name = device ?? String(file);
  if (!asked.has(name)) asked.set(name, ask(file, system?.type));
  return asked.get(name);
}

/** The same for the root of a process with other mounts; `mounts` names its mount namespace. */
export function whyRootSilent(answering: Answering, mounts: string, folder: string): Unseen | undefined {
  if (!answering.asked.has(mounts)) {
    const systems = fileSystemsIn(readMounts(folder) ?? Buffer.of());
    const root = systems.findLast(({ point }) => point === "/");
    answering.asked.set(mounts, whySilent(answering, root?.device, folder, `${folder}/root`));
  }
  return answering.asked.get(mounts);
}

function ask(file: string | Buffer, type: string | undefined): Unseen | undefined {
  const { outcome } = runProgram(["stat", "-L", "-c", "%i", "--", String(file)], { timeout: PATIENCE });
  if (outcome !== "late") return undefined;
  return {
    unseen: `its file system${type === undefined ? "" : ` (${type})`} has not answered within a second`,
    rootWould: false,
  };
}
