// A host that boots as fast as it can: the NIS and NFS daemons with whatever process ids this boot has, and CUPS.
import type { Guest } from "../../support/guest/guest.ts";

const UNITS = "/etc/systemd/system";

/** What Debian's own blacklist spares, and what else a busy host may serve; none of the owners is there but CUPS. */
const RESERVED: Readonly<Record<string, readonly number[]>> = {
  cups: [631],
  slapd: [636],
  tinc: [655],
  kadmind: [749],
  spamd: [783],
  unbound: [853],
  rsync: [873],
  lwresd: [921],
  named: [953],
  vsftpd: [989, 990],
  dovecot: [993, 995],
};
const PORTS: ReadonlySet<number> = new Set(Object.values(RESERVED).flat());

/** Each takes one to four privileged sockets at its start; by its unit, its program, and its number at rpcbind. */
const THIEVES = [
  { unit: "ypserv", program: "ypserv", number: 100004 },
  { unit: "ypbind", program: "ypbind", number: 100007 },
  { unit: "yppasswdd", program: "rpc.yppasswdd", number: 100009 },
  { unit: "ypxfrd", program: "rpc.ypxfrd", number: 600100069 },
  { unit: "rpc-statd", program: "rpc.statd", number: 100024 },
] as const;
const services = THIEVES.map(({ unit }) => `${unit}.service`).join(" ");

/** A fifth of such a boot, for a log that nobody reads; an empty file masks a unit. */
const UNWANTED = [".service", ".socket", "-dev-log.socket", "-audit.socket"].map((end) => `systemd-journald${end}`);

/** Packages' own units, and process ids that go on from a random one. */
export const REBOOTS: Readonly<Record<string, string>> = {
  "/etc/bindresvport.blacklist": "",
  "/etc/defaultdomain": "example\n",
  "/etc/yp.conf": "domain example server 127.0.0.1\n",
  "/var/yp/example/keep": "",
  "/var/yp/nicknames": "",
  [`${UNITS}/default.target`]: `[Unit]
Requires=${services} cups.service
After=${services} cups.service
AllowIsolate=yes
`,
  [`${UNITS}/cups.service.d/after.conf`]: `[Unit]\nAfter=${services}\n`,
  [`${UNITS}/random-pids.service`]: `[Unit]
DefaultDependencies=no
Before=sysinit.target
[Service]
Type=oneshot
ExecStart=/bin/sh /usr/local/sbin/random-pids
`,
  [`${UNITS}/sysinit.target.d/random-pids.conf`]: "[Unit]\nRequires=random-pids.service\n",
  ...Object.fromEntries([...UNWANTED, "systemd-journal-flush.service"].map((unit) => [`${UNITS}/${unit}`, ""])),
  // What the guest sees of the kernel's settings is read-only; this one is its own all the same.
  "/usr/local/sbin/random-pids": `mount -t proc proc /mnt
echo $((1000 + $(od -An -N2 -tu2 /dev/urandom) % 30000)) >/mnt/sys/kernel/ns_last_pid
umount /mnt
`,
  ...Object.fromEntries(
    Object.entries(RESERVED).map(([owner, ports]) => [`/etc/portreserve/${owner}`, `${ports.join("\n")}\n`]),
  ),
};

export interface Boot {
  /** Reserved ports that a thief has, each as ss tells of it. */
  readonly thefts: readonly string[];
  /** What all thieves together have below 1024, and which of them have none. */
  readonly taken: number;
  readonly idle: readonly string[];
  /** The lowest of their ports. */
  readonly first: number;
  /** Where cupsd listens. */
  readonly cups: string;
}

/** Looks at a boot once rpcbind knows the last socket of each thief. */
export async function tally(guest: Guest): Promise<Boot> {
  const sockets = (await guest.output(LISTENING)).split("\n").flatMap((line) => {
    const [, protocol, address, port, program] = /^(\w+) .* (\S+):(\d+) +\S+:\* .*\(\("([^"]+)"/.exec(line) ?? [];
    return program === undefined ? [] : [{ protocol, address, port: Number(port), program }];
  });
  const thieves = sockets.filter(
    ({ port, program }) => port < 1024 && THIEVES.some((each) => each.program === program),
  );
  return {
    thefts: thieves
      .filter(({ port }) => PORTS.has(port))
      .map(({ protocol, address, port, program }) => `${protocol} ${address}:${port} ${program}`),
    taken: thieves.length,
    idle: THIEVES.map(({ program }) => program).filter((name) => !thieves.some(({ program }) => program === name)),
    first: Math.min(...thieves.map(({ port }) => port)),
    cups: sockets
      .filter(({ program }) => program === "cupsd")
      .map(({ address, port }) => `${address}:${port}`)
      .sort()
      .join(" "),
  };
}

const LISTENING = `for program in ${THIEVES.map(({ number }) => number).join(" ")}; do
  until rpcinfo | grep -q "^ *$program .* tcp6 "; do sleep 0.01; done
done
ss -Hlntup`;
