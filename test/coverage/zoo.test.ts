// Every verdict on a guest in which programs get privileged ports in every way there is, beside what each can really get.
import { describe, expect, test } from "vitest";
import { manifest } from "../package/tarball.ts";
import { named, skipReason } from "../support/can.ts";
import type { Guest } from "../support/guest/guest.ts";
import { withGuest } from "../systemd/fresh.ts";
import { bootZoo, CTL, noZoo, type Status, startServices, status, takers, verdictText } from "./zoo-scene.ts";
import { no32, SERVICES } from "./zoo-services.ts";

const reason =
  noZoo() ??
  skipReason(
    { program: "rpcbind", package: "rpcbind" },
    { program: "ypserv", package: "ypserv" },
    { program: "rpc.yppasswdd", package: "ypserv" },
    { program: "rpc.statd", package: "nfs-common" },
  );

/** A line for everything that runs, in the order of units. What only is installed is judged by another test. */
function verdicts({ allocators }: Status): readonly string[] {
  return allocators
    .filter(({ kind }) => kind === "process" || kind === "unseen")
    .map((allocator) => `${allocator.unit}: ${verdictText(allocator)}`)
    .sort();
}

/** PORT/PROTOCOL STATE, and its holders, of all reserved ports. */
function reservedPorts({ ports }: Status): readonly string[] {
  return ports
    .filter(({ reserved }) => reserved)
    .map(({ port, protocol, owners, inTable, state, holders }) =>
      [
        `${port}/${protocol} ${owners} ${state}${inTable ? "" : " not in the table"}`,
        ...holders.map(({ name, unit, verdict }) => `${name} of ${unit ?? "no unit"}: ${verdict}`),
      ].join(", "),
    );
}

function bad({ answers }: Status): readonly string[] {
  return answers.filter(({ state }) => state !== "good").map(({ id, state, hint }) => `${id} ${state}: ${hint}`);
}

/** Started after install and the upgrade. */
const LATER: readonly string[] = [
  ...[
    "plain",
    "private",
    "static",
    "stripped",
    ...(no32 === undefined ? ["bits32"] : []),
    "rcmd",
    "plugin",
    "deep",
    "library",
    "symbolic",
    "musl",
  ],
  ...["jailed", "othertable", "notable", "apart", "powerless", "gluster", "lpd", "libnfs"],
  ...["namespace", "preloaded", "own", "loop"],
];
const HOLDERS: readonly string[] = ["thief", "wiped", "outdated", ...LATER];
/** They load what allocates when they are asked to. */
const LAZY = ["lazyearly", "lazy", "opened", "lazydeep"] as const;

const PORTS_FREE = ["665/udp other free", "700/tcp other free", "700/udp other free"];
const STOLEN = "631/udp cups stolen, holder of thief.service: stolen";

describe.skipIf(reason !== undefined)(named("the zoo", reason), () => {
  test("no verdict is wrong: before and after install, an upgrade, and a neglected table", async () => {
    await withGuest(bootZoo(SERVICES), async (guest) => {
      // Before anybody else can get its port.
      await startServices(guest, "thief");
      await startServices(guest, "rpcbind", "ypserv");
      // Drop-ins alone.
      await guest.output(`${CTL} install --unit rpc-statd wiped`);
      await startServices(guest, "rpc-statd", "wiped", "lazyearly");
      const byDropIn = await status(guest);
      expect(verdicts(byDropIn)).toEqual([
        "rpc-statd.service: rpc.statd (bindresvport bindresvport_sa) covered [covered]",
        "thief.service: holder (bindresvport) not covered | not installed for it | portreservectl install --unit thief.service [loaded]",
        "wiped.service: holder (bindresvport) not covered | its LD_PRELOAD was dropped | look for an EnvironmentFile= or a wrapper that empties it, or install for the whole host: portreservectl install [loaded]",
        "ypserv.service: ypserv (bindresvport bindresvport_sa) not covered | not installed for it | portreservectl install --unit ypserv.service [loaded]",
      ]);
      expect(reservedPorts(byDropIn)).toEqual(["631/tcp cups free", STOLEN, ...PORTS_FREE]);
      expect(bad(byDropIn)).toEqual([]);

      // The whole host; then the library is replaced by an upgrade, while a service runs on the old one.
      await guest.output(`${CTL} install`);
      await startServices(guest, "outdated");
      await guest.output(
        "cd /usr/lib/x86_64-linux-gnu/portreserve; cp libportreserve.so new; mv new libportreserve.so",
      );
      await startServices(guest, "rpc-statd", "yppasswdd", ...LAZY.slice(1), ...LATER);
      await guest.output("ip link add vx0 type vxlan id 1 dstport 665 local 127.0.0.1 dev lo; ip link set vx0 up");
      const whole = await status(guest);
      expect(verdicts(whole)).toEqual([...WHOLE, OPENED].sort());
      expect(reservedPorts(whole)).toEqual([
        "631/tcp cups free",
        STOLEN,
        "665/udp other stolen, kernel of no unit: stolen",
        "700/tcp other free",
        "700/udp other free",
      ]);
      expect(whole.verdict).toBe("not covered");
      expect(bad(whole)).toEqual([]);
      await expectTruth(guest, whole);
      await expectKernel(guest, whole);
      expect(await takers(guest, ...LAZY)).toEqual({ lazyearly: true, lazy: false, opened: false, lazydeep: true });

      // Nobody looks after the table any more, and the library for 32-bit programs is gone.
      await guest.output(`systemctl stop portreserve.path portreserve-services.path portreserve-blacklist.path
echo 701/udp >/etc/portreserve/more
rm -r /usr/lib32/portreserve /usr/lib/i386-linux-gnu/portreserve 2>/dev/null || :`);
      if (no32 === undefined) await startServices(guest, "bits32");
      const neglected = await status(guest);
      expect(verdicts(neglected)).toEqual(
        [
          ...WHOLE.filter((line) => line !== BITS32),
          ...(no32 === undefined ? [BITS32_WITHOUT] : []),
          ...LOADED_LATE,
        ].sort(),
      );
      expect(reservedPorts(neglected)).toContain("701/udp more free not in the table");
      expect(bad(neglected)).toEqual([
        "fresh bad: portreservectl compile",
        ...(no32 === undefined ? ["library-i386 bad: portreservectl install"] : []),
        "watchers bad: systemctl restart portreserve.path portreserve-services.path portreserve-blacklist.path",
      ]);
      await expectTruth(guest, neglected);
    });
  }, 480_000);

  test.skipIf(no32 !== undefined)(named("has programs of 32 bits among it", no32), () => {
    expect(HOLDERS).toContain("bits32");
  });
});

const BITS32_NAME = "bits32.service: old-holder (bindresvport)";
const BITS32 = `${BITS32_NAME} covered [covered]`;
const BITS32_WITHOUT = `${BITS32_NAME} not covered | no library for i386 is installed | portreservectl install [loaded]`;
const LIBTIRPC = "(bindresvport bindresvport_sa)";
const LOOP =
  "is known to call bind() itself, which no preload reaches | give it other ports by its own settings, or a network of its own [reachable]";
const PAST =
  "its 'libtirpc.so.3.0.0' was loaded past the shim (RTLD_DEEPBIND, dlmopen or LD_PRELOAD) | have it loaded without RTLD_DEEPBIND, dlmopen and LD_PRELOAD [bindings]";
const WHOLE: readonly string[] = [
  ...(no32 === undefined ? [BITS32] : []),
  `deep.service: deep-holder ${LIBTIRPC} not covered | ${PAST}`,
  `gluster.service: glusterd (bind) not covered | 'glusterd' ${LOOP}`,
  "jailed.service: holder (bindresvport) not covered | in another root (container, chroot) | install in that root too [loaded]",
  `libnfs.service: program (bind) not covered | 'libnfs.so.13' ${LOOP}`,
  "library.service: program (bindresvport) covered [covered]",
  `lpd.service: lpd (bind) not covered | 'lpd' ${LOOP}`,
  "musl.service: program (bindresvport) not covered | musl, which does not read the preload list | use a build for glibc [loaded]",
  `namespace.service: namespace-holder ${LIBTIRPC} not covered | ${PAST}`,
  "notable.service: holder (bindresvport) not covered | finds another table in the table's place | see what its unit hides or binds with 'systemctl cat' [table]",
  "othertable.service: holder (bindresvport) not covered | finds another table in the table's place | see what its unit hides or binds with 'systemctl cat' [table]",
  `outdated.service: holder (bindresvport) covered | by another copy of this version's library (${manifest.version}) [covered]`,
  "own.service: own-holder (bindresvport) not covered | has a bindresvport of its own, which comes before any preload | use a build without it [reachable]",
  "plain.service: holder (bindresvport) covered [covered]",
  `plugin.service: plugin-holder ${LIBTIRPC} covered [covered]`,
  "preloaded.service: program (bindresvport) not covered | its 'libtirpc.so.3' stands before the shim, and has a bindresvport of its own | portreservectl install --unit preloaded.service --now [order]",
  "private.service: holder (bindresvport) covered [covered]",
  "rcmd.service: rcmd-holder (rcmd) not covered | calls rcmd, which no preload reaches | replace it by a newer program [reachable]",
  `rpc-statd.service: rpc.statd ${LIBTIRPC} covered [covered]`,
  "static.service: static-holder (bindresvport) not covered | static, and no library can be preloaded | use a dynamically linked build, or keep it from the ports by its own settings [dynamic]",
  "stripped.service: stripped-holder () unknown | static, and without a symbol table | use a dynamically linked build, or keep it from the ports by its own settings [dynamic]",
  "symbolic.service: program (bindresvport) not covered | its 'libtirpc.so.3' calls its own functions (-Bsymbolic) | use a build of the library without -Bsymbolic-functions [reachable]",
  "thief.service: holder (bindresvport) not covered | started before the install | systemctl restart thief.service [loaded]",
  "wiped.service: holder (bindresvport) not covered | started before the install | systemctl restart wiped.service [loaded]",
  `yppasswdd.service: rpc.yppasswdd ${LIBTIRPC} covered [covered]`,
  `ypserv.service: ypserv ${LIBTIRPC} not covered | started before the install | systemctl restart ypserv.service [loaded]`,
];

const OPENED = `opened.service: opening-holder (bindresvport) unknown | its 'libtirpc.so.3' was loaded at run time, and has not allocated yet | look again after it has, or start it with LD_BIND_NOW=1 [bindings]`;
const LOADED_LATE: readonly string[] = [
  `opened.service: opening-holder (bindresvport) covered [covered]`,
  `lazy.service: lazy-holder ${LIBTIRPC} covered [covered]`,
  `lazydeep.service: lazy-deep-holder ${LIBTIRPC} not covered | ${PAST}`,
  `lazyearly.service: lazy-holder ${LIBTIRPC} not covered | started before the install | systemctl restart lazyearly.service [loaded]`,
];

/** Whoever can take the reserved bait is not called covered, and whoever is called not covered can: by trying, all holders. */
async function expectTruth(guest: Guest, { allocators }: Status): Promise<void> {
  const can = await takers(guest, ...HOLDERS);
  const verdictOf = (service: string): string =>
    allocators.find(({ unit }) => unit === `${service}.service`)?.verdict ?? "apart";
  const disagreeing = HOLDERS.filter((service) => verdictOf(service) !== (can[service] ? "not covered" : "covered"));
  // A stripped program cannot be judged; there is nobody for rcmd() to ask; two cannot take a port of this host; and of what
  // a program does itself, under no name and on no list, nothing can be seen.
  expect(
    disagreeing.map((service) => `${service}: ${verdictOf(service)}, and it ${can[service] ? "can" : "cannot"}`),
  ).toEqual([
    "stripped: unknown, and it can",
    "rcmd: not covered, and it cannot",
    "apart: apart, and it cannot",
    "powerless: apart, and it cannot",
    "loop: apart, and it can",
  ]);
}

/**
 * The kernel's client is told of where this kernel has one, with its range; by other files than the ones that were read
 * for it: whoever has the client has its file system, too.
 */
async function expectKernel(guest: Guest, { allocators }: Status): Promise<void> {
  const hasClient = /\brpc_pipefs$/m.test(await guest.output("cat /proc/filesystems"));
  const range = hasClient ? await guest.output("cd /proc/sys/sunrpc; cat min_resvport max_resvport") : "";
  const [min = 0, max = 0] = range.split("\n").map(Number);
  const inRange = [631, 665, 700].filter((port) => min <= port && port <= max);
  const hint = `portreservectl hold ${inRange.map((port) => (port === 665 ? "665/udp" : port)).join(" ")}`;
  const verdict =
    inRange.length === 0
      ? "covered | no reserved port in its range"
      : `not covered | ${inRange.join(" ")} reserved in its range | ${hint}`;
  expect(allocators.filter(({ kind }) => kind === "kernel").map(verdictText)).toEqual(
    hasClient ? [`NFS client (kernel, ${min}–${max}) ${verdict} [kernel]`] : [],
  );
}
