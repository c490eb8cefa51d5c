// Booted releases with the real daemons of NFS, NIS and quotas, and which ports each of them has.
import { skipReason } from "../../support/can.ts";
import { bootGuest, type Guest } from "../../support/guest/guest.ts";
import type { Engine } from "../../support/guest/keeper.ts";
import { noGuest } from "../../support/guest/support.ts";
import { debianRoot, noDebianRoot } from "../../support/roots/debian.ts";
import { nodeLayer, noNode } from "../../support/roots/node.ts";
import { NODE, productLayer, type Release, type Suite } from "./releases.ts";

const PACKAGES = [
  ...["systemd", "systemd-sysv", "dbus", "netbase", "iproute2", "procps", "util-linux"],
  ...["rpcbind", "nfs-common", "nfs-kernel-server", "ypserv", "quota"],
];

export const UNITS = ["rpc-statd", "nfs-mountd", "ypserv", "yppasswdd", "quotarpc"] as const;

/** Makes the roots of these releases that are not there yet (a minute each). */
export async function fixedReleases(suites: readonly Suite[]): Promise<readonly Release[]> {
  const nspawn = { program: "systemd-nspawn", package: "systemd-container" } as const;
  const lacking = noGuest() ?? skipReason(nspawn) ?? (await noNode(NODE));
  const made = await Promise.all(
    suites.map(async (suite) => lacking ?? (await noDebianRoot({ suite, include: PACKAGES }))),
  );
  return suites.map((suite, at) => ({ suite, reason: made[at] }));
}

/** With all of them started at each boot. There is no NFS server in a guest's kernel: rpc.mountd runs without. */
export async function bootFixed(suite: Suite, engine: Engine): Promise<Guest> {
  const guest = await bootGuest({
    engine,
    services: "asked",
    files: {
      "/etc/portreserve/cups": "631\n",
      "/etc/defaultdomain": "lab.example\n",
      "/var/yp/lab.example/keep": "",
      // What makes Debian's script start rpc.rquotad.
      "/etc/exports": "/srv *(ro)\n",
      "/etc/fstab": "none /mnt ext4 noauto,usrquota 0 0\n",
      "/etc/systemd/system/multi-user.target.d/daemons.conf": `[Unit]\nWants=${UNITS.map((unit) => `${unit}.service`).join(" ")}\n`,
    },
    lower: [productLayer(), nodeLayer(NODE), debianRoot({ suite, include: PACKAGES })],
  });
  await guest.output(`sed -e /nfsd/d -e /nfs-server/d /usr/lib/systemd/system/nfs-mountd.service >/etc/systemd/system/nfs-mountd.service
rm -rf /etc/systemd/system/nfs-mountd.service.requires
systemctl daemon-reload; systemctl start ${UNITS.join(" ")}`);
  return guest;
}

/** By program: each of its ports, "tcp 599", but for the one of 127.0.0.1 alone from which rpc.statd asks the kernel. */
export async function portsOf(guest: Guest): Promise<Readonly<Record<string, readonly string[]>>> {
  const text = await guest.output(`ss -Hlntup | awk '$5 !~ /^127\\./ {
  port = $5; sub(/.*:/, "", port); name = $0; sub(/.*users:\\(\\("/, "", name); sub(/".*/, "", name)
  print name, $1, port
}' | LC_ALL=C sort -u`);
  const ports: Record<string, string[]> = {};
  for (const line of text.trim().split("\n")) {
    const [name = "", protocol, port] = line.split(" ");
    if (/^(rpc\.|ypserv)/.test(name)) ports[name] = [...(ports[name] ?? []), `${protocol} ${port}`];
  }
  return ports;
}

/** All of /etc that it may change, but the folder of reservations, which is listed by its files. */
export const FILES = `cd /etc; find default modprobe.d sysctl.d nfs.conf.d systemd/system portreserve -type f -exec sha256sum {} + | sort -k 2
find modprobe.d sysctl.d nfs.conf.d systemd/system -type d | sort`;
