// Roots of images for `--root`: as little as the manager needs to see of a system, copied from this host.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, realpathSync, symlinkSync } from "node:fs";
import path from "node:path";
import { asNobody, ctl, makeRoot, type Ran, SERVICES } from "../support/cli.ts";
import { abis } from "../support/host.ts";

/** A unit that makes it a system that systemd boots, and a node for root's units. */
export const SYSTEMD = { "usr/lib/systemd/system/some.service": "[Unit]\n", "usr/bin/node": "" };

/**
 * A root with the loader and the libc of each ABI of this host, and 631 reserved, that belongs to whom `asNobody` is.
 * The loaders' fixed names are absolute links: they lead to where they should only if they are followed inside.
 */
export function imageOf(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const root = makeRoot({ "etc/services": SERVICES, "etc/portreserve/cups": "631\n", ...files });
  for (const { loader } of abis) {
    const real = realpathSync(loader);
    mkdirSync(path.join(root, path.dirname(real)), { recursive: true });
    copyFileSync(real, root + real);
    copyFileSync(path.join(path.dirname(real), "libc.so.6"), path.join(root, path.dirname(real), "libc.so.6"));
    mkdirSync(path.join(root, path.dirname(loader)), { recursive: true });
    if (!existsSync(root + loader)) symlinkSync(real, root + loader);
  }
  giveAway(root);
  return root;
}

export function giveAway(root: string): void {
  if (asNobody.length > 0) spawnSync("chown", ["-R", "-h", "65534:65534", root]);
}

/** What is said of an image that systemd does not boot. */
export const noUnits = (
  root: string,
): string => `portreservectl: note: the table will not follow the configuration by itself: this is no system that systemd boots
hint: run 'portreservectl compile --root ${root}' after each change of the configuration
`;

/** The manager, run by somebody who is not root. */
export const run = (...args: readonly string[]): Ran => ctl(args, { under: asNobody });

/** The lock stays. */
export const withoutLock = (tree: string): string => tree.replace(/^.*\/run\/portreserve\.lock file .*\n/m, "");
