// Runs arm64 programs with the arm64 shim on another machine, through qemu's translation of user programs.
import path from "node:path";
import { notPrebuilt, prebuiltFolder } from "../package/prebuilt.ts";
import { skipReason } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { noSandbox, type Play, type Played, play } from "../support/sandbox.ts";

const PROBE = path.join(prebuiltFolder("arm64"), "portreserve-probe");
export const SHIM = path.join(prebuiltFolder("arm64"), "libportreserve.so");

const COMPILER = "aarch64-linux-gnu-gcc";
/** Where Debian has the C library for the cross compiler, and so where the emulated loader looks first, also for its preload list. */
const SYSROOT = "/usr/aarch64-linux-gnu";

/** Undefined where arm64 programs can be run, else why not. */
export async function noArm64(): Promise<string | undefined> {
  const reason = skipReason(
    { program: "qemu-aarch64", package: "qemu-user" },
    { program: COMPILER, package: "gcc-aarch64-linux-gnu" },
  );
  return reason ?? notPrebuilt("arm64") ?? (await noSandbox());
}

export function compileArm64(sources: readonly string[]): string {
  return compileC(sources, [], COMPILER);
}

export type Arm64Play = Omit<Play, "cover" | "shim" | "overlays"> & { readonly shim: "none" | "preload list" };

/**
 * Plays a script in which `guest PROGRAM…` runs an arm64 program with the process id of the thief, covered as asked.
 * The preload list is the emulated loader's own: the shell and all else in the sandbox runs without a shim.
 */
export function playArm64(script: string, { shim, environment, ...request }: Arm64Play): Promise<Played> {
  const prelude = `guest() { "$PIDEXEC" --pid "$THIEF" -- qemu-aarch64 -L ${SYSROOT} "$@"; }
mkdir -p ${SYSROOT}/etc
echo "$LIST" > ${SYSROOT}/etc/ld.so.preload
`;
  return play(prelude + script, {
    ...request,
    cover: "nothing",
    overlays: [SYSROOT],
    environment: { PROBE64: PROBE, LIST: shim === "none" ? "" : SHIM, ...environment },
  });
}
