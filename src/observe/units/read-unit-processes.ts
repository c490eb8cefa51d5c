// What of a service runs, however systemd came to run it: its processes, by the cgroup that each of them is in.
import { isUnitOf } from "../../core/systemd/unit-name.ts";
import { isRefused, processFolder, processIds, readBytes } from "../../system/proc/process-files.ts";
import { unitOfCgroup } from "../processes/cgroup.ts";

/** Ids of processes, ascending, by the name of the unit that they are in: the service itself or, of a template, each instance. */
export function processesOf(service: string): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>();
  for (const pid of processIds()) {
    const cgroup = readBytes(`${processFolder(pid)}/cgroup`);
    const unit = isRefused(cgroup) ? undefined : unitOfCgroup(cgroup);
    if (unit !== undefined && isUnitOf(unit, service)) found.set(unit, [...(found.get(unit) ?? []), pid]);
  }
  return found;
}
