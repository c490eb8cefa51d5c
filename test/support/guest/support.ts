// Whether a guest can be booted on this machine, and what dead test runs have left behind.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { skipFor, skipReason } from "../can.ts";
import { isLeftOver } from "../left-over.ts";

/** Stages and cgroups have the same names: this, the maker's process id, and something random. */
export const STAGE_PREFIX = "portreserve-guest-";

/** Undefined where guests work, else why not; an error instead where everything is required. */
export function noGuest(): string | undefined {
  const lacking = skipReason(
    "root",
    { program: "bash", package: "bash" },
    { program: "unshare", package: "util-linux" },
    { program: "ip", package: "iproute2" },
    { program: "tar", package: "tar" },
    { program: "awk", package: "mawk" },
    { program: "systemctl", package: "systemd" },
    { program: "/lib/systemd/systemd", package: "systemd" },
  );
  if (lacking !== undefined) return lacking;
  return skipFor(cgroup2Fault() ?? overlayFault());
}

/** The first place where cgroup version 2 is mounted: /sys/fs/cgroup, or its `unified` beside version 1. */
export function cgroup2Folder(): string | undefined {
  return readFileSync("/proc/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" "))
    .find((fields) => fields[2] === "cgroup2")?.[1];
}

/** Removes the folders and empty cgroups of makers that are gone; a cgroup in which something lives cannot be removed. */
export function sweepGuests(): void {
  const isOurs = (name: string): boolean => isLeftOver(name, STAGE_PREFIX);
  for (const name of readdirSync(tmpdir()).filter(isOurs)) {
    rmSync(path.join(tmpdir(), name), { recursive: true, force: true });
  }
  const cgroups = cgroup2Folder();
  if (cgroups === undefined) return;
  for (const name of readdirSync(cgroups).filter(isOurs)) removeCgroup(path.join(cgroups, name));
}

function removeCgroup(folder: string): void {
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) removeCgroup(path.join(folder, entry.name));
    }
    rmdirSync(folder);
  } catch {
    // Still in use, or another sweep was faster.
  }
}

function cgroup2Fault(): string | undefined {
  const folder = cgroup2Folder();
  if (folder === undefined) return "cgroup version 2 is not mounted here";
  return works(`d=$1/${STAGE_PREFIX}${process.pid}-trial; mkdir "$d" && rmdir "$d"`, folder)
    ? undefined
    : `no cgroup can be made in '${folder}'`;
}

function overlayFault(): string | undefined {
  return works(`mount -t tmpfs trial /mnt && mkdir /mnt/u /mnt/w /mnt/r &&
    mount -t overlay -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w trial /mnt/r`)
    ? undefined
    : "the kernel refuses an overlay over the root";
}

function works(script: string, ...args: readonly string[]): boolean {
  const command = ["--mount", "--propagation", "private", "sh", "-c", script, "sh", ...args];
  return spawnSync("unshare", command, { cwd: "/", stdio: "ignore" }).status === 0;
}
