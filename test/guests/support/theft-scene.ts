// CUPS' port with its two thieves and two victims: ypbind takes 631/tcp from cupsd, and rpc.statd 631/udp from cups-browsed.
import { expect } from "vitest";
import type { Guest } from "../../support/guest/guest.ts";
import { NATIVE } from "./releases.ts";

/** libtirpc first tries 600 + pid % 424: either process id leads to 631. */
const PIDS = { ypbind: 21231, statd: 21655 } as const;

const UNITS = "/etc/systemd/system";
const REGISTERED = "/usr/local/sbin/wait-until-registered";

/** The package's unit, with the process id that asks for 631 first; it has started when rpcbind knows the last of its sockets. */
const thief = (pid: number, command: string, program: number, after: string): string => `[Unit]
After=${after}
[Service]
Type=exec
PIDFile=
ExecStart=
ExecStart=${NATIVE}/portreserve-pidexec --pid ${pid} -- ${command}
ExecStartPost=/bin/sh ${REGISTERED} ${program}
`;
const VICTIM = "[Unit]\nAfter=ypbind.service rpc-statd.service\n";

/**
 * Thieves that start before victims where both start, on a host that reserves CUPS' port for it. Debian's blacklist,
 * which spares 631 in programs with libtirpc, is empty, or the control would show nothing.
 */
export const SCENE: Readonly<Record<string, string>> = {
  // Without a host, rpcinfo asks through a local socket, and takes no port itself.
  [REGISTERED]: `until rpcinfo | grep -q "^ *$1 .* tcp6 "; do sleep 0.02; done\n`,
  "/etc/bindresvport.blacklist": "",
  "/etc/portreserve/cups": "ipp\n",
  "/etc/defaultdomain": "example\n",
  "/etc/yp.conf": "domain example server 127.0.0.1\n",
  "/etc/cups/cups-browsed.conf": "BrowseRemoteProtocols cups\n",
  [`${UNITS}/rpc-statd.service.d/pid.conf`]: thief(PIDS.statd, "/sbin/rpc.statd -F", 100024, "rpcbind.service"),
  [`${UNITS}/ypbind.service.d/pid.conf`]: thief(PIDS.ypbind, "/usr/sbin/ypbind -n", 100007, "rpc-statd.service"),
  [`${UNITS}/cups.service.d/after.conf`]: VICTIM,
  [`${UNITS}/cups-browsed.service.d/after.conf`]: VICTIM,
};

/** And they do at boot. */
export const AT_BOOT: typeof SCENE = {
  ...SCENE,
  [`${UNITS}/multi-user.target.d/thieves.conf`]: "[Unit]\nWants=ypbind.service rpc-statd.service\n",
};

export interface Seen {
  /** Who has 631 for IPv4, as ss says. */
  readonly holders: readonly string[];
  /** What cupsd has logged about its addresses of IPv4. */
  readonly cupsLog: readonly string[];
  /** The first line that a client of 127.0.0.1:631 gets. */
  readonly answer: string;
  /** What systemd says of cupsd and cups-browsed: nothing that helps. */
  readonly victims: string;
  /** What the thieves answer. */
  readonly thieves: readonly string[];
}

/** What is to be seen where the thieves were first. */
export const STOLEN: Seen = {
  holders: ["tcp 0.0.0.0:631 ypbind", "udp 127.0.0.1:631 rpc.statd"],
  cupsLog: ["Unable to open listen socket for address 127.0.0.1:631 - Address already in use."],
  answer: "",
  victims: "cups active success, cups-browsed inactive success",
  thieves: ["program 100007 version 3 ready and waiting", "program 100024 version 1 ready and waiting"],
};

/** What is to be seen where they were just as early, and took other ports. */
export const KEPT: Seen = {
  holders: ["tcp 127.0.0.1:631 cupsd", "udp 0.0.0.0:631 cups-browsed"],
  cupsLog: [],
  answer: "HTTP/1.1 200 OK",
  victims: "cups active success, cups-browsed active success",
  thieves: STOLEN.thieves,
};

/** Looks once cups-browsed has either got 631 or given up, and then asks the thieves, which by then have their ports. */
export async function look(guest: Guest): Promise<Seen> {
  await expect.poll(() => guest.run(DECIDED), { timeout: 20_000, interval: 50 }).toMatchObject({ status: 0 });
  const holders = lines(await guest.output(HOLDERS));
  const cupsLog = lines(await guest.output("sed -n 's/^E [[][^]]*[]] //p' /var/log/cups/error_log"));
  return {
    holders,
    cupsLog: cupsLog.filter((line) => line.includes("127.0.0.1:631")),
    answer: (
      await guest.output(ANSWER, { args: [holders.some((line) => line.endsWith(" cupsd")) ? "20" : "1"] })
    ).trimEnd(),
    victims: (await guest.output(VICTIMS)).trimEnd(),
    thieves: lines(await guest.output("rpcinfo -u 127.0.0.1 100007 3; rpcinfo -u 127.0.0.1 100024 1")),
  };
}

const DECIDED = `ss -Hlnup 'sport = :631' | grep -q cups-browsed ||
  [ "$(systemctl show -P ActiveState cups-browsed)" = inactive ]`;
const HOLDERS = `ss -4Hlntup 'sport = :631' | sed -E 's/^(tcp|udp) .* ([0-9.]+:631) .*\\(\\("([^"]+)".*/\\1 \\2 \\3/' | LC_ALL=C sort`;
// ypbind never answers what it does not understand, however long one waits.
const ANSWER = `timeout "$1" bash -c 'exec 3<>/dev/tcp/127.0.0.1/631
printf "OPTIONS * HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n" >&3
head -n1 <&3' 2>/dev/null || true`;
const VICTIMS = `for unit in cups cups-browsed; do
  echo "$unit $(systemctl show -P ActiveState $unit) $(systemctl show -P Result $unit)"
done | paste -sd, | sed 's/,/, /'`;

/** Which processes of a guest have the shim, by name; sorted, each once. */
export async function shimmed(guest: Guest): Promise<readonly string[]> {
  return lines(
    await guest.output(`for maps in /proc/[0-9]*/maps; do
  grep -q libportreserve "$maps" 2>/dev/null && cat "\${maps%/maps}/comm"
done | LC_ALL=C sort -u`),
  );
}

/** Restarts the thieves while CUPS is down, and then starts CUPS. */
export async function restartThieves(guest: Guest): Promise<void> {
  await guest.output(`systemctl stop cups-browsed cups.path cups.socket cups
rm -f /var/log/cups/error_log
systemctl restart rpc-statd ypbind
systemctl start cups cups-browsed`);
}

/** A boot of which cupsd's log tells nothing else. */
export async function rebootAfresh(guest: Guest): Promise<void> {
  await guest.output("rm -f /var/log/cups/error_log");
  await guest.reboot();
}

function lines(text: string): readonly string[] {
  return text.split("\n").filter((line) => line !== "");
}
