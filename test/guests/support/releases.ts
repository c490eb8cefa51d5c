// The Debian releases that guests run, with the real daemons, a Node of their own and the package as npm makes it.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { packed } from "../../package/tarball.ts";
import { skipReason } from "../../support/can.ts";
import { scratch } from "../../support/cli.ts";
import { bootGuest, type Guest, type GuestRequest } from "../../support/guest/guest.ts";
import { noGuest } from "../../support/guest/support.ts";
import { debianRoot, noDebianRoot } from "../../support/roots/debian.ts";
import { nodeLayer, noNode } from "../../support/roots/node.ts";

export const SUITES = ["bookworm", "trixie"] as const;
export type Suite = (typeof SUITES)[number];

/** Thieves, victims, and what tells who holds a port. */
export const PACKAGES = [
  ...["systemd", "systemd-sysv", "dbus", "netbase", "iproute2", "procps", "lsof", "util-linux"],
  ...["rpcbind", "nfs-common", "ypserv", "ypbind-mt", "yp-tools"],
  ...["cups-daemon", "cups-browsed", "krb5-kdc", "krb5-admin-server", "rsync", "dovecot-imapd"],
];
export const NODE = { node: "22", npm: "10" } as const;

/** Where npm puts the package for all. */
export const HOME = "/usr/local/lib/node_modules/portreserve";
export const NATIVE = `${HOME}/prebuilds/linux-${process.arch}`;

export interface Release {
  readonly suite: Suite;
  /** Why guests of it cannot be booted; undefined where they can. */
  readonly reason: string | undefined;
}

/** Makes the roots that are not there yet (half a minute each). Throws where everything is required and cannot be had. */
export async function releases(): Promise<readonly Release[]> {
  const nspawn = { program: "systemd-nspawn", package: "systemd-container" } as const;
  const lacking = noGuest() ?? skipReason(nspawn) ?? (await noNode(NODE));
  const made = await Promise.all(
    SUITES.map(async (suite) => lacking ?? (await noDebianRoot({ suite, include: PACKAGES }))),
  );
  return SUITES.map((suite, index) => ({ suite, reason: made[index] }));
}

let product: string | undefined;

/** The package where `npm install --global` puts it, as a layer. */
export function productLayer(): string {
  if (product !== undefined) return product;
  const layer = scratch();
  const unpacked = scratch();
  execFileSync("tar", ["-xzf", packed(), "-C", unpacked]);
  mkdirSync(path.join(layer, path.dirname(HOME)), { recursive: true });
  cpSync(path.join(unpacked, "package"), path.join(layer, HOME), { recursive: true });
  execFileSync("chown", ["-R", "0:0", layer]);
  mkdirSync(path.join(layer, "usr/local/bin"));
  for (const [name, file] of [
    ["portreservectl", "portreservectl.mjs"],
    ["portrelease", "portrelease.js"],
  ] as const) {
    symlinkSync(`../lib/node_modules/portreserve/dist/${file}`, path.join(layer, "usr/local/bin", name));
  }
  product = layer;
  return layer;
}

/** Boots a release with everything that its packages start, and `portreservectl` in the path. */
export function bootRelease(suite: Suite, request: Omit<GuestRequest, "lower"> = {}): Promise<Guest> {
  return bootGuest({
    services: "installed",
    ...request,
    lower: [productLayer(), nodeLayer(NODE), debianRoot({ suite, include: PACKAGES })],
  });
}

/** The root that guests of a release run over; never written. */
export function rootOf(suite: Suite): string {
  return debianRoot({ suite, include: PACKAGES });
}
