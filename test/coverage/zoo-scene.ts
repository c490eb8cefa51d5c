// The zoo as a guest: boots it, asks for verdicts, and finds out what each of its services can really get.
import type { Allocator, HostAnswer, PortState } from "../../src/coverage/coverage.ts";
import { skipReason } from "../support/can.ts";
import { bootGuest, type Guest } from "../support/guest/guest.ts";
import { noGuest } from "../support/guest/support.ts";
import { MAIN, NODE } from "../support/stage/stage.ts";
import { WAITING } from "../support/steps.ts";
import { IDLE, SERVICES, type Services, zooPrograms } from "./zoo-services.ts";

/** Undefined where the zoo's programs can be made and run. */
export function noZoo(): string | undefined {
  return noGuest() ?? skipReason("i386", "musl");
}

/** The manager, as a command for the guest's shell. */
export const CTL = `${NODE} ${MAIN}`;
/** A port that is reserved and that nobody holds: who can get it is not covered. */
const BAIT = 700;
/** Where each keeps what it says. */
const SAID = "/run/zoo";

const unitText = (name: string, text: string): string =>
  `[Unit]\nStartLimitIntervalSec=0\n[Service]\n${text}\nStandardOutput=append:${SAID}/${name}\n`;

/** Boots the guest, with all of it in place and nothing started; 631, 665 and a bait are reserved, and no blacklist's ports. */
export async function bootZoo(services: Services): Promise<Guest> {
  const guest = await bootGuest({
    files: {
      "/etc/portreserve/cups": "631\n",
      "/etc/portreserve/other": `665/udp\n${BAIT}\n`,
      "/etc/bindresvport.blacklist": "",
      "/etc/defaultdomain": "example\n",
      ...Object.fromEntries(
        Object.entries(services).map(([name, text]) => [`/etc/systemd/system/${name}.service`, unitText(name, text)]),
      ),
    },
  });
  try {
    await guest.output(
      `set -e; mkdir -p ${SAID} /srv/jail/lib64 /srv/jail/lib/x86_64-linux-gnu /srv/jail/usr/local/sbin /var/yp/example
while [ $# -gt 0 ]; do mkdir -p "$(dirname "$2")"; cp "$1" "$2"; chmod 755 "$2"; shift 2; done
cp /usr/local/sbin/holder /srv/jail/usr/local/sbin/
cp /lib64/ld-linux-x86-64.so.2 /srv/jail/lib64/
cp /lib/x86_64-linux-gnu/libc.so.6 /srv/jail/lib/x86_64-linux-gnu/
mkdir -p /srv/other/etc/portreserve; echo 900 >/srv/other/etc/portreserve/other
${CTL} compile --root /srv/other`,
      { args: Object.entries(zooPrograms()).flatMap(([to, from]) => [from, to]) },
    );
  } catch (error) {
    await guest.stop();
    throw error;
  }
  return guest;
}

export interface Status {
  readonly verdict: string;
  readonly answers: readonly HostAnswer[];
  readonly allocators: readonly Allocator[];
  readonly ports: readonly PortState[];
}

export async function status(guest: Guest): Promise<Status> {
  return JSON.parse(await guest.output(`${CTL} status --json`));
}

/** "NAME (VIA) VERDICT | REASON | CURE [CHECK]" */
export function verdictText({ name, via, verdict, check, reason, hint }: Allocator): string {
  const says = [`${name} (${via.join(" ")}) ${verdict}`, reason ?? "", hint ?? ""].filter((part) => part !== "");
  return `${says.join(" | ")} [${check}]`;
}

/**
 * Holds ports until it is killed, as far as they are free: whoever is not covered starts at a port that its process id
 * decides, and would now and then get one of those that the tests are about.
 */
const BLOCKER = `
const done = () => --left === 0 && require("fs").writeFileSync("${SAID}/blocked", "");
const udp = [665, ${BAIT}, 701], tcp = [631, ${BAIT}];
let left = udp.length + tcp.length;
for (const port of udp) require("dgram").createSocket("udp4").once("error", done).bind(port, "0.0.0.0", done);
for (const port of tcp) require("net").createServer().once("error", done).listen(port, "0.0.0.0", done);
setInterval(() => {}, 1000);`;

/** Starts services, and waits until each holder among them has its first port, was refused one, or wants none yet. */
export async function startServices(guest: Guest, ...names: readonly string[]): Promise<void> {
  const ours = names.filter((name) => Object.hasOwn(SERVICES, name) || Object.hasOwn(IDLE, name));
  await guest.output(
    `rm -f ${SAID}/blocked; ${NODE} -e '${BLOCKER}' &
for try in $(seq 1000); do [ -e ${SAID}/blocked ] && break; sleep 0.02; done
[ -e ${SAID}/blocked ] || exit 1
for name in ${ours.join(" ")}; do : >${SAID}/$name; done
systemctl restart "$@" || { systemctl status --no-pager "$@"; exit 1; }
for name in ${ours.join(" ")}; do
  for try in $(seq 1000); do grep -q holds ${SAID}/$name && continue 2; sleep 0.02; done
  echo "$name says nothing"; systemctl status --no-pager $name; exit 1
done
kill $!; wait $! || :`,
    { args: names },
  );
}

/** Whether each holder can get the reserved bait, found out by letting it take all that it can. */
export async function takers(guest: Guest, ...names: readonly string[]): Promise<Readonly<Record<string, boolean>>> {
  const found: Record<string, boolean> = {};
  for (const name of names) {
    const said = await guest.output(
      `: >${SAID}/$1
kill -USR1 "$(systemctl show -P MainPID "$1")"
for try in $(seq 1000); do grep "can get" ${SAID}/$1 && exit 0; sleep 0.02; done; exit 1`,
      { args: [name] },
    );
    found[name] = hasBait(said);
  }
  return found;
}

/** The same of a privileged program that an ordinary user starts. */
export async function takesAsNobody(guest: Guest, program: string): Promise<boolean> {
  const said = await guest.output(
    `${WAITING}background ${SAID}/nobody setpriv --reuid=65534 --regid=65534 --clear-groups "$1"
for try in $(seq 1000); do grep -q holds ${SAID}/nobody && break; sleep 0.02; done
kill -USR1 $!
for try in $(seq 1000); do grep "can get" ${SAID}/nobody && break; sleep 0.02; done
kill $!; wait $! || :`,
    { args: [program] },
  );
  return hasBait(said);
}

/** What a holder says it can get. */
function hasBait(said: string): boolean {
  const words = said.trim().split(" ");
  if (words[0] !== "can") throw new Error(`the holder says nothing of what it can get, but '${said}'`);
  return words.includes(String(BAIT));
}
