// Whether a machine can be booted here, and what dead test runs have left behind.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { skipReason } from "../support/can.ts";

/** A machine's folder: this, its maker's process id, and something random. */
export const STAGE_PREFIX = "portreserve-machine-";

/** Undefined where machines work, else why not; an error instead where everything is required. */
export function noMachine(): string | undefined {
  const reason = skipReason(
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
  if (foreign !== undefined && process.env.PORTRESERVE_REQUIRE_ALL === "1") {
    throw new Error(`PORTRESERVE_REQUIRE_ALL=1, but ${foreign}`);
  }
  return reason ?? foreign;
}

/** Removes the folders of makers that are gone. Their machines have ended with them. */
export function sweepMachines(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(STAGE_PREFIX) ? /^\d+/.exec(name.slice(STAGE_PREFIX.length))?.[0] : undefined;
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) {
      rmSync(path.join(tmpdir(), name), { recursive: true, force: true });
    }
  }
}
