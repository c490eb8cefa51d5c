// What the package carries for each processor: the addon, and beside it the shim and the helper programs.

/** As Node names them. */
export const archs = ["x64", "arm64"];

const common = ["portreserve.node", "libportreserve.so", "portreserve-probe", "portreserve-pidexec"];

/** Hosts of 64-bit x86 also run 32-bit programs. */
export function parts(arch) {
  return arch === "x64" ? [...common, "libportreserve-i386.so", "portreserve-probe-i386"] : common;
}
