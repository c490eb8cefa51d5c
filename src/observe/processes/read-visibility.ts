// Whether this /proc can show every process that may hold a socket of this network.
import { existsSync, readlinkSync } from "node:fs";
import { orUndefined } from "../../system/app-error.ts";

/** PROC_PID_INIT_INO in the kernel's include/linux/proc_ns.h. */
const INITIAL_PIDS = "pid:[4026531836]";
/** A sysctl of every network namespace, and one that the kernel shows in the initial one alone. */
const OF_EVERY_NETWORK = "/proc/sys/net/ipv4/ip_local_port_range";
const OF_THE_INITIAL_NETWORK = "/proc/sys/net/core/netdev_max_backlog";

/**
 * True in the initial pid namespace, and in a network namespace of one's own, as a container has it. False in a
 * container with the host's network and not its processes, and wherever it cannot be told. Not noticed: containers
 * that share one network among themselves and keep their processes apart, as those of a pod.
 */
export function seesEveryProcess(): boolean {
  const pids = orUndefined(() => readlinkSync("/proc/self/ns/pid"));
  if (pids === undefined || pids === INITIAL_PIDS) return pids === INITIAL_PIDS;
  return existsSync(OF_EVERY_NETWORK) && !existsSync(OF_THE_INITIAL_NETWORK);
}
