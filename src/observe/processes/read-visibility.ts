// Whether this program sees the host as the host's programs do: every process that may hold a socket, and the same files.
import { existsSync, readlinkSync, statfsSync } from "node:fs";
import type { Unseen } from "../../core/seen.ts";
import { orUndefined } from "../../system/app-error.ts";
import { PROCESSES_PLACE } from "../../system/paths.ts";
import {
  identityOf,
  isRefused,
  MACHINE_SETTINGS,
  namespaceOf,
  ownId,
  processFolder,
} from "../../system/proc/process-files.ts";
import { differingPlace, hidingAt } from "./mountinfo.ts";
import { readMounts, type Self } from "./read-self.ts";

/** PROC_PID_INIT_INO in the kernel's include/linux/proc_ns.h. */
const INITIAL_PIDS = "pid:[4026531836]";
/** PROC_SUPER_MAGIC of linux/magic.h. */
const PROC_MAGIC = 0x9fa0;
/** A sysctl of every network namespace, and one that the kernel shows in the initial one alone. */
const OF_EVERY_NETWORK = `${MACHINE_SETTINGS}/net/ipv4/ip_local_port_range`;
const OF_THE_INITIAL_NETWORK = `${MACHINE_SETTINGS}/net/core/netdev_max_backlog`;

/**
 * True in the initial pid namespace, and in a network namespace of one's own, as a container has it. False in a
 * container with the host's network and not its processes, and wherever it cannot be told. Not noticed: containers
 * that share one network among themselves and keep their processes apart, as those of a pod.
 */
export function seesEveryProcess(): boolean {
  // Of the first process that this /proc shows: it may be of another pid namespace than this program.
  const pids = orUndefined(() => readlinkSync(`${processFolder(1)}/ns/pid`)) ?? ownPids();
  if (pids === undefined || pids === INITIAL_PIDS) return pids === INITIAL_PIDS;
  return existsSync(OF_EVERY_NETWORK) && !existsSync(OF_THE_INITIAL_NETWORK);
}

function ownPids(): string | undefined {
  return orUndefined(() => readlinkSync(`${processFolder("self")}/ns/pid`));
}

const OUTSIDE = "run it outside of that container or sandbox";

/**
 * Why the host may have processes, sockets or files that this program does not see; undefined where it sees as process 1
 * does. An ordinary user who may not look at process 1 is not compared with it: he cannot look into others' processes
 * either, and hears so of each.
 */
export function blindness(own: Self): Unseen | undefined {
  const why = (unseen: string, rootWould = false): Unseen => ({ unseen, rootWould });
  if (orUndefined(() => statfsSync(PROCESSES_PLACE).type) !== PROC_MAGIC || ownId() === undefined) {
    return why(`no file system of type proc that shows this program is mounted at '${PROCESSES_PLACE}'`);
  }
  if (!existsSync(MACHINE_SETTINGS)) return why(`'${PROCESSES_PLACE}' shows processes alone (subset=pid): ${OUTSIDE}`);
  if (!seesEveryProcess()) return why(`it runs in a pid namespace of its own on the host's network: ${OUTSIDE}`);
  const byOption = hiddenByOption(own);
  if (byOption !== undefined) return byOption;
  const first = processFolder(1);
  const self = processFolder("self");
  for (const [kind, name] of [
    ["net", "network"],
    ["user", "user"],
  ] as const) {
    const [found, theirs] = [namespaceOf(self, kind), namespaceOf(first, kind)];
    if (isRefused(theirs))
      return own.asRoot ? why("process 1, which stands for the host, may not be looked at") : undefined;
    if (found !== theirs) return why(`it runs in another ${name} namespace than process 1: ${OUTSIDE}`);
  }
  return unlikeMounts(first);
}

/** Other mounts are harmless where the same files are at every place that matters. */
function unlikeMounts(first: string): Unseen | undefined {
  const self = processFolder("self");
  const isSame = (name: (folder: string) => unknown): boolean => name(self) === name(first);
  if (isSame((folder) => namespaceOf(folder, "mnt")) && isSame((folder) => identityOf(`${folder}/root`)))
    return undefined;
  const host = readMounts(first);
  const place = host === undefined ? "/" : differingPlace(readMounts(self) ?? Buffer.of(), host);
  if (place === undefined) return undefined;
  return { unseen: `'${place}' is not for it what it is for process 1: ${OUTSIDE}`, rootWould: false };
}

/** Whom the kernel lets see all in spite of 'hidepid': the group of the mount, and who may trace any process. */
function hiddenByOption({ asRoot, mayTrace, groups }: Self): Unseen | undefined {
  const { hides, group } = hidingAt(readMounts(processFolder("self")) ?? Buffer.of(), PROCESSES_PLACE);
  if (!hides || mayTrace || groups.includes(group)) return undefined;
  return { unseen: `${PROCESSES_PLACE} is mounted with 'hidepid'`, rootWould: !asRoot };
}
