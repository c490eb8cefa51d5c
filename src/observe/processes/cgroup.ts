// /proc/PID/cgroup: the unit of the host's systemd that a process is in.

const UNIT = /^[^/]+\.(service|scope|socket|mount|swap)$/;

/**
 * "ypbind.service", "session-3.scope", "user@1000.service": the first part of the path that is no slice, as systemd reads
 * it. What a unit makes of its own part of the tree (a user's services, a container's) is not the host's. Undefined for
 * processes that systemd has not put anywhere. One character for each byte.
 */
export function unitOfCgroup(bytes: Buffer): string | undefined {
  const lines = bytes.toString("latin1").split("\n");
  // systemd's own hierarchy: the unified one, or this one where there is none, or none with the units in it.
  return unitOfPath(lines, /^0::/) ?? unitOfPath(lines, /^\d+:name=systemd:/);
}

function unitOfPath(lines: readonly string[], start: RegExp): string | undefined {
  const line = lines.find((text) => start.test(text));
  // A cgroup that was removed while a process is still in it has this behind its name.
  const path = line?.replace(start, "").replace(/ \(deleted\)$/, "");
  const part = path?.split("/").find((name) => name !== "" && !name.endsWith(".slice"));
  if (part === undefined || !UNIT.test(part)) return undefined;
  // systemd's escape for names that the kernel might take for a file of its own.
  return part.replace(/^_/, "");
}
