// The Ansible role on four booted Debians at once: a rolling change that two of them do not survive at first, a change of mind, and its end.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noteFleet } from "../guests/support/evidence.ts";
import { debMade } from "../package/debs.ts";
import { type Arch, notPrebuilt } from "../package/prebuilt.ts";
import { packed } from "../package/tarball.ts";
import { named, skipReason } from "../support/can.ts";
import { noGuest } from "../support/guest/support.ts";
import { noDebianRoot } from "../support/roots/debian.ts";
import { bootFleet, type Fleet, HOSTS, type Host, INCLUDE, NAMES, taken } from "./support/fleet.ts";
import { type Played, play } from "./support/playbook.ts";
import { differences, TREE } from "./support/tree.ts";

const arch: Arch = process.arch === "arm64" ? "arm64" : "x64";
const roots = async (): Promise<string | undefined> => {
  const suites = [...new Set(Object.values(HOSTS))];
  const made = await Promise.all(suites.map((suite) => noDebianRoot({ suite, include: INCLUDE })));
  return made.find((why) => why !== undefined);
};
const reason =
  notPrebuilt(arch) ??
  noGuest() ??
  skipReason(
    { program: "ansible-playbook", package: "ansible-core" },
    { program: "ssh", package: "openssh-client" },
    { program: "dpkg-deb", package: "dpkg" },
    { program: "npm", package: "npm" },
  ) ??
  (await roots());

/** Both ways to bring it, both ways to cover, and what else there is, one on each host. */
interface Wanted {
  readonly all: Record<string, unknown>;
  readonly hosts: Record<Host, Record<string, unknown>>;
}
let wanted: Wanted;
let fleet: Fleet;
let before: Readonly<Record<Host, string>>;

beforeAll(async () => {
  if (reason !== undefined) return;
  const deb = debMade({ arch });
  const address = "/root/fleet/portreservectl.deb";
  const all = {
    ansible_become: false,
    ansible_python_interpreter: "/usr/bin/python3",
    portreserve_package: deb,
    portreserve_lock_timeout: 1,
    portreserve_reservations: { cups: ["ipp"], bmc: ["623/udp block", "664/udp block"] },
  };
  const hosts = {
    b1: {},
    b2: { portreserve_package: packed() },
    t1: { portreserve_units: ["taker"] },
    t2: { portreserve_mechanisms: ["ephemeral"], portreserve_package: `file://${address}` },
  };
  wanted = { all, hosts };
  fleet = await bootFleet();
  await fleet.guests.t2.write(address, readFileSync(deb));
  before = await onEach((name) => fleet.guests[name].output(TREE));
});
afterAll(async () => {
  await fleet?.stop();
});

async function onEach<T>(look: (name: Host) => Promise<T>, names: readonly Host[] = NAMES): Promise<Record<Host, T>> {
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await look(name)] as const))) as Record<
    Host,
    T
  >;
}

async function run(options: readonly string[], more: Partial<Wanted> = {}): Promise<Played> {
  const all = { ...wanted.all, ...more.all };
  const hosts = Object.fromEntries(
    NAMES.map((name) => [name, { ...wanted.hosts[name], ...more.hosts?.[name] }]),
  ) as Wanted["hosts"];
  return await play({ all, hosts, sshConfig: fleet.sshConfig, options });
}

const ports = (): Promise<Record<Host, number>> => onEach((name) => taken(fleet.guests[name]));
const counts = (played: Played, key: string): Record<string, number | undefined> =>
  Object.fromEntries(Object.entries(played.recap).map(([name, its]) => [name, its[key]]));
const sorted = (...lists: readonly (readonly string[] | undefined)[]): readonly string[] =>
  [...new Set(lists.flatMap((list) => list ?? []))].sort();
/** What check mode cannot know before the package is there. */
const RESTART = ["Look for services that run without the shim", "Restart services that run without the shim"];
const withRestart = (list: readonly string[] | undefined): readonly string[] => sorted(list, RESTART);

const FOUR = "two Debian 12, two Debian 13";
/** Somebody else's dpkg runs. */
const LOCKED = `python3 -c 'import fcntl, time
lock = open("/var/lib/dpkg/lock-frontend", "w")
fcntl.lockf(lock, fcntl.LOCK_EX)
open("/run/locked", "w")
time.sleep(600)' >/dev/null 2>&1 & echo $! >/run/locker
until [ -e /run/locked ]; do sleep 0.02; done`;
/** One page: the first file of reservations still fits. */
const FULL_DISK = "mkdir /etc/portreserve && mount -t tmpfs -o mode=755,size=4k full /etc/portreserve";

describe.skipIf(reason !== undefined)(named("the role", reason), { timeout: 900_000 }, () => {
  let foretold: Played;
  test("check mode says what it would do, and does nothing", async () => {
    // The control: without it the service takes CUPS' port on each host.
    expect(await ports()).toEqual({ b1: 631, b2: 631, t1: 631, t2: 631 });
    await fleet.guests.b2.output(FULL_DISK);
    foretold = await run(["--check", "--diff"]);
    expect([foretold.status, foretold.failed]).toEqual([0, {}]);
    expect(foretold.output).toContain("+623/udp block\n+664/udp block\n");
    expect(Object.keys(foretold.changed).sort()).toEqual(NAMES);
    await fleet.guests.b2.output("umount /etc/portreserve; rmdir /etc/portreserve");
    const now = await onEach((name) => fleet.guests[name].output(TREE));
    expect(differences(before, now)).toEqual({ b1: [], b2: [], t1: [], t2: [] });
  });

  let rolled: Played;
  test("a rolling change goes on where a disk is full on one host, and dpkg is locked on another", async () => {
    await fleet.guests.b2.output(FULL_DISK);
    await fleet.guests.t2.output(LOCKED);
    rolled = await run(["-e", "portreserve_serial=2"], { all: { portreserve_restart: false } });
    expect(rolled.status).toBe(2);
    expect(counts(rolled, "failed")).toEqual({ b1: 0, b2: 1, t1: 0, t2: 1 });
    expect(rolled.output.match(/^PLAY \[/gm)).toHaveLength(2);
    expect(rolled.failed.b2).toMatch(/^Write the files of reservations: .*No space left on device/);
    expect(rolled.failed.t2).toMatch(/^Install the Debian package: .*lock/i);
    expect(rolled.output).toContain("not covered before a restart: systemctl restart");
    // Half of it does no harm: nothing is in force there.
    for (const name of ["b2", "t2"] as const) {
      expect(await fleet.guests[name].run("cat /etc/ld.so.preload")).toMatchObject({ status: 1 });
    }
  });

  test("the next run completes them, restarts what runs without it, and changes nothing else", async () => {
    await fleet.guests.b2.output("umount /etc/portreserve");
    await fleet.guests.t2.output("kill $(cat /run/locker); rm /run/locked /run/locker");
    const { status, changed, failed, output } = await run([]);
    expect([status, failed]).toEqual([0, {}]);
    expect(sorted(changed.b1)).toEqual(sorted(RESTART));
    expect(sorted(changed.t1)).toEqual(sorted(RESTART));
    for (const name of NAMES) {
      expect([name, ...sorted(rolled.changed[name], changed[name])]).toEqual([
        name,
        ...withRestart(foretold.changed[name]),
      ]);
    }
    expect(output).toContain("(item=taker.service)");
    expect(await ports()).toEqual({ b1: 632, b2: 632, t1: 632, t2: 632 });
    const states = await onEach((name) =>
      fleet.guests[name].output(`systemctl is-active portreserve-hold; ss -4Hlnu 'sport = :623' | wc -l
cat /etc/ld.so.preload 2>/dev/null; sysctl -n net.ipv4.ip_local_reserved_ports | tr , '\\n' | grep -x 631 || :`),
    );
    const whole = "active\n1\n/usr/$LIB/portreserve/libportreserve.so\n";
    expect(states).toEqual({ b1: whole, b2: whole, t1: "active\n1\n", t2: `${whole}631\n` });
    noteFleet(
      "Ansible: a rolling change by two, a full disk on one host, dpkg locked on another",
      FOUR,
      "631 taken on each; two hosts fail half way, and nothing is in force there",
      "the next run completes them: 632 taken on each, 623 and 664 blocked",
    );
  });

  test("what would do harm does not reach a host, and the message says what and where", async () => {
    const hosts = {
      b2: { portreserve_reservations: { cups: ["ipps"] } },
      t2: { portreserve_reservations: { cups: ["631/tcp hold"] } },
    };
    const { status, failed, changed } = await run(["--limit=b2,t2"], { hosts: { ...wanted.hosts, ...hosts } });
    expect([status, changed]).toEqual([2, {}]);
    expect(failed.b2).toContain("/etc/portreserve/cups: unknown service 'ipps'; hint: did you mean 'ipp'?");
    expect(failed.t2).toContain(
      "631/tcp: not known: nobody has it now, so its owner cannot be asked for SO_REUSEADDR; hint: start its owner and run this again, or set portreserve_unchecked if",
    );
    expect(await fleet.guests.b2.output("tail -n +2 /etc/portreserve/cups")).toBe("ipp\n");
  });

  test("a change of mind does what check mode says, and where there is none nothing changes", async () => {
    // An owner that shares its port: systemd sets SO_REUSEADDR.
    await fleet.guests.b1.output("systemctl start printer.socket");
    const hosts = {
      b1: { portreserve_reservations: { cups: ["631/tcp hold"], mail: ["imaps/tcp"] }, portreserve_units: ["taker"] },
      b2: {},
      t1: { portreserve_units: [] },
      t2: { portreserve_mechanisms: [] },
    };
    const first = await run(["--check", "--diff", "--limit=b1,t1,t2"], { hosts });
    expect([first.status, first.failed]).toEqual([0, {}]);
    expect(first.output).toContain("-ipp\n+631/tcp hold\n");
    const { status, failed, changed, recap } = await run([], { hosts });
    expect([status, failed, recap.b2?.changed]).toEqual([0, {}, 0]);
    for (const name of NAMES) expect([name, ...sorted(changed[name])]).toEqual([name, ...sorted(first.changed[name])]);
    const covered = "cat /etc/ld.so.preload 2>/dev/null; ls -d /etc/systemd/system/taker.service.d 2>/dev/null; :";
    const held = "ls /etc/portreserve; cat /etc/portreserve.hold; systemctl is-active portreserve-hold";
    expect(await fleet.guests.b1.output(`${covered}; ${held}`)).toBe(
      "/etc/systemd/system/taker.service.d\ncups\nmail\nportreserve-hold 1\nhold tcp 631\nend 1\nactive\n",
    );
    expect(await fleet.guests.t1.output(covered)).toBe("/usr/$LIB/portreserve/libportreserve.so\n");
    expect(await fleet.guests.t2.output("sysctl -n net.ipv4.ip_local_reserved_ports")).toBe("\n");
    await fleet.guests.b1.output("systemctl stop printer.socket");
  });

  test("purged leaves nothing, and check mode says so before", async () => {
    const purged = { all: { portreserve_state: "purged" } };
    const there = await onEach((name) => fleet.guests[name].output(TREE));
    for (const lines of Object.values(differences(before, there))) expect(lines.length).toBeGreaterThan(9);
    const first = await run(["--check", "--limit=b2"], purged);
    const { status, failed, changed } = await run([], purged);
    expect([first.status, status, failed]).toEqual([0, 0, {}]);
    expect(sorted(changed.b2)).toEqual(sorted(first.changed.b2));
    const now = await onEach((name) => fleet.guests[name].output(TREE));
    expect(differences(before, now)).toEqual({ b1: [], b2: [], t1: [], t2: [] });
    await onEach((name) => fleet.guests[name].output("systemctl restart taker"));
    expect(await ports()).toEqual({ b1: 631, b2: 631, t1: 631, t2: 631 });
    noteFleet("Ansible: purged", FOUR, "10 or more files differ before", "no file differs from before the first run");
  });
});
