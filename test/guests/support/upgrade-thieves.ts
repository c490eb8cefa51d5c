// Programs that take privileged ports in a guest all the time, new ones and one that is never restarted, and what they got.
import { expect } from "vitest";
import type { Guest } from "../../support/guest/guest.ts";
import { NATIVE } from "./releases.ts";

/** 631 and every second port after it: whoever takes one port after the other has to step over each of them. */
const RESERVED: readonly number[] = Array.from({ length: 40 }, (_, index) => 631 + 2 * index);
const LOG = "/root/thieves.log";
/** Not in the package's own folder, which is replaced and removed. */
const BIN = "/root/bin";

/** Their first candidate is 631: 600 + pid % 424. */
const [NEW, OTHER, OLD, DAEMON] = [21231, 21655, 20807, 22079] as const;
const probe = (pid: number): string => `${BIN}/portreserve-pidexec --pid ${pid} -- ${BIN}/portreserve-probe`;

const SERVICES = {
  // One program after the other, each with one port: libc's allocator in a program that has just started. The pauses keep
  // the process ids that the kernel gives out below the chosen ones.
  "thieves.service": `[Unit]
StartLimitIntervalSec=0
DefaultDependencies=no
[Service]
ExecStart=/bin/sh -c 'while :; do for pid in ${NEW} ${OTHER}; do ${probe(0).replace("0", "$$pid")} --symbol bindresvport; done; sleep 0.02; done'
StandardOutput=append:${LOG}
StandardError=append:${LOG}
[Install]
WantedBy=sysinit.target
`,
  // One port for each line in its pipe, which is there once the unit has started.
  "old.service": `[Unit]
StartLimitIntervalSec=0
[Service]
ExecStartPre=/bin/sh -c '[ -p /run/old.in ] || mkfifo /run/old.in'
ExecStart=/bin/sh -c 'exec 0<>/run/old.in; exec ${probe(OLD)} --symbol bindresvport --step'
StandardOutput=truncate:/run/old.out
StandardError=inherit
`,
  // libtirpc's allocator in a real daemon.
  "daemon.service": `[Unit]
StartLimitIntervalSec=0
After=rpcbind.service
Requires=rpcbind.service
[Service]
ExecStart=${BIN}/portreserve-pidexec --pid ${DAEMON} -- /usr/sbin/rpc.statd --foreground --no-notify
`,
} as const;

/** Their units, and the reservations that they are to keep to once there is a shim. */
export const THIEVES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(SERVICES).map(([name, text]) => [`/etc/systemd/system/${name}`, text])),
  "/etc/portreserve/some": RESERVED.map((port) => `${port}\n`).join(""),
  "/etc/bindresvport.blacklist": "",
};

/** Makes room for them: CUPS is down, so that 631 is free. */
export async function settleThieves(guest: Guest): Promise<void> {
  await guest.output(`systemctl -q stop cups.socket cups.path cups.service cups-browsed.service
[ -d ${BIN} ] || { mkdir ${BIN} && cp ${NATIVE}/portreserve-probe ${NATIVE}/portreserve-pidexec ${BIN}; }`);
}

export async function startThieves(guest: Guest): Promise<void> {
  await guest.output(`: >${LOG}; systemctl start thieves old daemon`);
}

export async function stopThieves(guest: Guest): Promise<void> {
  await guest.output("systemctl stop thieves old daemon");
}

export interface Loot {
  /** What each new program got since `startThieves`. */
  readonly fresh: readonly number[];
  /** What the process that is never restarted has got so far. */
  readonly old: readonly number[];
  /** What the daemon got that was started for this. */
  readonly daemon: readonly number[];
  /** What a thief said beside ports. */
  readonly said: readonly string[];
}

/** Waits until ten more programs have run from their start to their end, the old process has taken three more ports, and the daemon has started anew. */
export async function lootOf(guest: Guest, { old = true } = {}): Promise<Loot> {
  const ports = await guest.output(
    `systemctl is-active -q thieves || exit 1
count() { grep -c '"port"' "$1" || :; }
reach() { # FILE COUNT
  for attempt in $(seq 2000); do [ "$(count "$1")" -ge "$2" ] && return; sleep 0.01; done
  echo "no $2 ports in '$1'" >&2; cat "$1" >&2; exit 1
}
lines=$(count ${LOG})
${old ? 'taken=$(count /run/old.out); printf "\\n\\n\\n" >/run/old.in; reach /run/old.out $((taken + 3))' : ":"}
systemctl restart daemon
for attempt in $(seq 500); do
  found=$(ss -nuapH 'sport < 1024' | sed -n 's/.*:\\([0-9]*\\) .*"rpc.statd",pid=${DAEMON},.*/\\1/p')
  [ -z "$found" ] || break
  sleep 0.02
done
reach ${LOG} $((lines + 10))
echo "daemon $found"
sed 's/^/fresh /' ${LOG}
${old ? "sed 's/^/old /' /run/old.out" : ":"}`,
    { timeout: 60_000 },
  );
  const lines = ports.trimEnd().split("\n");
  const of = (who: string): readonly number[] =>
    lines.flatMap((line) => {
      const port = new RegExp(`^${who} (?:\\{"port":)?(\\d+)\\}?$`).exec(line)?.[1];
      return port === undefined ? [] : [Number(port)];
    });
  const loot = { fresh: of("fresh"), old: of("old"), daemon: of("daemon") };
  const said = lines.filter(
    (line) => !/^(fresh|old|daemon) (\{"port":\d+\}|\d+)$/.test(line) && !HALF_A_LIBRARY.test(line),
  );
  return { ...loot, said };
}

/**
 * While dpkg has put only one of the C library's two files in its place (the library and the loader), programs fail to start,
 * with a shim or without: the one asks the other for what only its own version has.
 */
const HALF_A_LIBRARY = /: symbol lookup error: \S*\/libc\.so\.6: undefined symbol: \S+, version GLIBC_PRIVATE$/;

/** Fails unless every one of them has got ports, and none a reserved one. Gives how many it has looked at. */
export function expectNothingStolen({ fresh, old, daemon, said }: Loot): number {
  const all = [...fresh, ...old, ...daemon];
  expect({ stolen: all.filter((port) => RESERVED.includes(port)), said }).toEqual({ stolen: [], said: [] });
  expect(fresh.length).toBeGreaterThanOrEqual(10);
  expect(daemon).toHaveLength(1);
  return all.length;
}

/** What happens without the shim: each of them gets a reserved port at once. */
export function expectStolen({ fresh, old, daemon, said }: Loot): void {
  const stolen = (ports: readonly number[]): boolean => ports.some((port) => RESERVED.includes(port));
  expect({ fresh: stolen(fresh), old: stolen(old), daemon, said }).toEqual({
    fresh: true,
    old: true,
    daemon: [631],
    said: [],
  });
}
