// Whether a machine can be booted here, and what dead test runs have left behind.
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { skipFor, skipReason } from "../support/can.ts";
import { isLeftOver } from "../support/left-over.ts";

/** A machine's folder: this, its maker's process id, and something random. */
export const STAGE_PREFIX = "portreserve-machine-";

/** For AppArmor: confines rpc.statd; `$BASE` is to be replaced by what every program needs. */
export const STATD_PROFILE = readFileSync(path.join(import.meta.dirname, "rpc.statd.profile"), "utf8");

/** Undefined where machines work, else why not; an error instead where everything is required. */
export function noMachine(): string | undefined {
  const lacking = skipReason(
    "root",
    { program: "qemu-system-x86_64", package: "qemu-system-x86" },
    { program: "mmdebstrap", package: "mmdebstrap" },
    { program: "busybox", package: "busybox-static" },
    { program: "cpio", package: "cpio" },
    { program: "modprobe", package: "kmod" },
    { program: "mke2fs", package: "e2fsprogs" },
    { program: "setpriv", package: "util-linux" },
  );
  const foreign =
    process.arch === "x64" ? undefined : "these machines have x86_64 processors, and the builds here are not for them";
  return lacking ?? skipFor(foreign);
}

/** Removes the folders of makers that are gone. Their machines have ended with them. */
export function sweepMachines(): void {
  for (const name of readdirSync(tmpdir()).filter((one) => isLeftOver(one, STAGE_PREFIX))) {
    rmSync(path.join(tmpdir(), name), { recursive: true, force: true });
  }
}
