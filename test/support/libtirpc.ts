// The libtirpc of this machine, which no minimal one has to have: Debian 12's python3 brings it along, Debian 13's does not.
import { existsSync } from "node:fs";
import { skipFor } from "./can.ts";

/** Its file; undefined where it is not installed. */
export const libtirpc = [
  "/usr/lib",
  "/lib",
  "/usr/lib64",
  ...["x86_64", "aarch64"].map((cpu) => `/usr/lib/${cpu}-linux-gnu`),
]
  .map((folder) => `${folder}/libtirpc.so.3`)
  .find((file) => existsSync(file));

/** Undefined where it is installed, else why not; an error instead where everything is required. */
export function noLibtirpc(): string | undefined {
  if (libtirpc !== undefined) return undefined;
  return skipFor("libtirpc is missing: install the package libtirpc3 (libtirpc3t64 since Debian 13)");
}
