// Four booted Debians that a real ansible-playbook reaches by a real ssh, without any network: sshd is started in each guest for each connection.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { packageRoot } from "../../../src/core/native.ts";
import { scratch } from "../../support/cli.ts";
import { bootGuest, type Guest } from "../../support/guest/guest.ts";
import { debianRoot } from "../../support/roots/debian.ts";
import { THIEF_PID } from "../../support/sandbox.ts";

export const INCLUDE = [
  ...["systemd", "systemd-sysv", "dbus", "netbase", "iproute2", "nodejs"],
  ...["python3", "python3-apt", "openssh-server"],
];
export const HOSTS = { b1: "bookworm", b2: "bookworm", t1: "trixie", t2: "trixie" } as const;
export type Host = keyof typeof HOSTS;
export const NAMES = Object.keys(HOSTS) as Host[];

export interface Fleet {
  readonly guests: Readonly<Record<Host, Guest>>;
  /** For `ssh -F`: each host by its name. */
  readonly sshConfig: string;
  readonly stop: () => Promise<void>;
}

const OURS = "/root/fleet";
const SSHD = `HostKey ${OURS}/host_key
AuthorizedKeysFile ${OURS}/key.pub
PermitRootLogin prohibit-password
UsePAM no
StrictModes no
PidFile none
Subsystem sftp internal-sftp
`;

/** A service that takes a port at its start and keeps it: CUPS' 631 where nothing hinders it. */
const TAKER = `[Service]
Type=exec
ExecStart=${OURS}/portreserve-pidexec --pid ${THIEF_PID} -- ${OURS}/portreserve-probe --symbol bindresvport --hold
StandardOutput=truncate:/run/taker.out
`;

/** CUPS, as far as its port goes: systemd listens for it, and shares the port with whoever sets SO_REUSEADDR too. */
const PRINTER = {
  "/etc/systemd/system/printer.socket":
    "[Socket]\nListenStream=0.0.0.0:631\nListenStream=[::]:631\nBindIPv6Only=ipv6-only\nAccept=yes\n",
  "/etc/systemd/system/printer@.service": "[Service]\nExecStart=/bin/true\n",
};

export async function bootFleet(): Promise<Fleet> {
  const folder = scratch();
  for (const name of ["host_key", "key"]) {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path.join(folder, name)]);
  }
  const key = (name: string): Buffer => readFileSync(path.join(folder, name));
  const part = (name: string): Buffer =>
    readFileSync(path.join(packageRoot, "prebuilds", `linux-${process.arch}`, name));
  const files = {
    [`${OURS}/host_key`]: key("host_key"),
    [`${OURS}/key.pub`]: key("key.pub"),
    [`${OURS}/sshd_config`]: SSHD,
    [`${OURS}/portreserve-probe`]: part("portreserve-probe"),
    [`${OURS}/portreserve-pidexec`]: part("portreserve-pidexec"),
    "/etc/systemd/system/taker.service": TAKER,
    ...PRINTER,
  };
  const booted = await Promise.allSettled(
    NAMES.map(async (name) => {
      const lower = [debianRoot({ suite: HOSTS[name], include: INCLUDE })];
      const guest = await bootGuest({ services: "installed", files, lower });
      await guest.output(`chmod 600 ${OURS}/host_key; chmod 755 ${OURS}/portreserve-*; systemctl start taker`);
      return [name, guest] as const;
    }),
  );
  const up = booted.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const failed = booted.find((one) => one.status === "rejected");
  if (failed !== undefined) {
    await Promise.all(up.map(([, guest]) => guest.stop()));
    throw failed.reason;
  }
  const sshConfig = path.join(folder, "ssh");
  writeFileSync(path.join(folder, "known_hosts"), `fleet ${key("host_key.pub")}`);
  writeFileSync(sshConfig, sshText(folder, up));
  return {
    guests: Object.fromEntries(up) as Record<Host, Guest>,
    sshConfig,
    stop: async () => {
      for (const name of NAMES) end(sshConfig, name);
      await Promise.all(up.map(([, guest]) => guest.stop()));
    },
  };
}

/** The connection that ssh keeps for the next task. */
function end(config: string, name: string): void {
  try {
    execFileSync("ssh", ["-F", config, "-O", "exit", name], { stdio: "ignore" });
  } catch {
    // There was none.
  }
}

function sshText(folder: string, guests: readonly (readonly [Host, Guest])[]): string {
  const enter = (guest: Guest): string =>
    `nsenter --target ${guest.leader()} --mount --uts --ipc --net --pid --cgroup --root --wd -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8`;
  const start = `sh -c 'mkdir -p /run/sshd && exec /usr/sbin/sshd -i -f ${OURS}/sshd_config'`;
  const common = `Host *
  User root
  IdentityFile ${folder}/key
  IdentitiesOnly yes
  UserKnownHostsFile ${folder}/known_hosts
  HostKeyAlias fleet
  StrictHostKeyChecking yes
  LogLevel ERROR
  ControlMaster auto
  ControlPersist 60
  ControlPath ${folder}/%n
`;
  return guests.map(([name, guest]) => `Host ${name}\n  ProxyCommand ${enter(guest)} ${start}\n`).join("") + common;
}

/** The port that the service has now. */
export async function taken(guest: Guest): Promise<number> {
  const line = await guest.output(
    `for attempt in $(seq 1000); do grep -m1 '"port"' /run/taker.out && exit; sleep 0.02; done; exit 1`,
  );
  return (JSON.parse(line) as { readonly port: number }).port;
}
