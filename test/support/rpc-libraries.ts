// The RPC libraries of this machine, which no minimal one has to have: Debian 12's python3 brings libtirpc along, Debian 13's
// does not.
import { existsSync } from "node:fs";
import { skipFor } from "./can.ts";

const FOLDERS = ["/usr/lib", "/lib", "/usr/lib64", ...["x86_64", "aarch64"].map((cpu) => `/usr/lib/${cpu}-linux-gnu`)];

const find = (name: string): string | undefined =>
  FOLDERS.map((folder) => `${folder}/${name}`).find((file) => existsSync(file));

/** Their files; undefined where they are not installed. */
export const libtirpc = find("libtirpc.so.3");
export const libgssrpc = find("libgssrpc.so.4");

/** Undefined where it is installed, else why not; an error instead where everything is required. */
export function noLibtirpc(): string | undefined {
  if (libtirpc !== undefined) return undefined;
  return skipFor("libtirpc is missing: install the package libtirpc3 (libtirpc3t64 since Debian 13)");
}

/** The same of MIT Kerberos' library. */
export function noLibgssrpc(): string | undefined {
  return libgssrpc === undefined ? skipFor("libgssrpc is missing: install the package libgssrpc4") : undefined;
}
