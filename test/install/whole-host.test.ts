// install and uninstall on a whole host, as root: all they say, what programs get before, between and after, and that nothing is left.
import { describe, expect, test } from "vitest";
import { HOLDER_FILE } from "../../src/system/paths.ts";
import { named } from "../support/can.ts";
import type { Ran } from "../support/cli.ts";
import {
  abiNames,
  abis,
  HOME,
  LIST,
  libraries,
  library,
  noHost,
  onHost,
  treeDifferences,
  trialCount,
} from "../support/host.ts";
import { built } from "../support/sandbox.ts";

const notHere = await noHost();
/** Which units there are is for other tests. */
const withoutUnits = (ran: Ran): Ran => ({
  ...ran,
  stdout: ran.stdout.replace(
    /(?:(written|removed): '\/etc\/systemd\/system\/portreserve[^/]*'\n)+/g,
    "$1: the units\n",
  ),
});
const fine = (...lines: readonly string[]): Ran => ({
  status: 0,
  stdout: lines.map((line) => `${line}\n`).join(""),
  stderr: "",
});

const COVERED = [
  `covered: every ${abiNames} program that starts from now on`,
  "nothing that runs has to be restarted: no program hands out ports without the shim",
  "'portreservectl verify' proves that everything is covered",
];
const INSTALLED = fine(
  ...libraries.map((file) => `written: '${file}'`),
  "+ 631/tcp+udp",
  "written: '/etc/portreserve.table'",
  `written: '${LIST}'`,
  `written: '${HOME}', the manager for portreserve.service`,
  "written: the units",
  `written: '${HOLDER_FILE}'`,
  "written: the units",
  `tried: ${trialCount} programs in a sandbox, with the shim as without it`,
  ...COVERED,
);
const UNINSTALLED = fine(
  `removed: '${LIST}'`,
  "removed: the units",
  `removed: '${HOME}', the manager for portreserve.service`,
  ...libraries.map((file) => `removed: '${file}'`),
  "removed: '/etc/portreserve.table'",
  "removed: the units",
  `removed: '${HOLDER_FILE}'`,
  "programs that are running already keep the shim, without a table, until they are restarted",
);

/** A setuid program waits for a password; its memory shows which libraries it has. */
const SETUID = `
mkfifo "$SCRATCH/never"
exec 7<>"$SCRATCH/never"
setuid() {
  : >"$SCRATCH/prompt"
  chmod 666 "$SCRATCH/prompt"
  setpriv --reuid=65534 --regid=65534 --clear-groups "$@" su root -c true <&7 >"$SCRATCH/prompt" 2>&1 &
  until grep -qi password "$SCRATCH/prompt"; do sleep 0.02; done
  if grep -q libportreserve.so "/proc/$!/maps"; then echo mapped; else echo "not mapped"; fi
  kill -9 $!
  wait $! 2>/dev/null || :
}
`;

describe.skipIf(notHere !== undefined)(named("on a whole host", notHere), () => {
  test.each(["022", "077", "000"])(
    "with umask %s: installs, does nothing twice, and leaves nothing behind",
    async (umask) => {
      const ran = await onHost(`umask ${umask}
step before tree
step install ctl install
step installed tree
step again ctl install
step same tree
step everybody nobody sh -c '"$0" --which' "$PROBE"
step uninstall ctl uninstall
step after tree
step nothing ctl uninstall
step still tree`);
      expect(withoutUnits(ran("install"))).toEqual(INSTALLED);
      expect(ran("again")).toEqual(fine("unchanged: everything is in its place", ...COVERED));
      expect(withoutUnits(ran("uninstall"))).toEqual(UNINSTALLED);
      expect(ran("nothing")).toEqual(fine("nothing to remove: portreserve is not installed"));
      const changes = treeDifferences(ran("before"), ran("installed"));
      expect(
        changes.every((line) => / (file (644|755)|folder 755|link 777) 0:0 /.test(line)),
        changes.join("\n"),
      ).toBe(true);
      expect(changes.map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual(
        expect.arrayContaining([`+ ${LIST}`, ...libraries.map((file) => `+ ${file}`)]),
      );
      expect(treeDifferences(ran("installed"), ran("same"))).toEqual([]);
      expect(treeDifferences(ran("before"), ran("after"))).toEqual([]);
      expect(treeDifferences(ran("before"), ran("still"))).toEqual([]);
      const { status, stdout, stderr } = ran("everybody");
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(
        stdout
          .trimEnd()
          .split("\n")
          .every((line) => line.endsWith(`"object":"${library}"}`)),
      ).toBe(true);
    },
  );

  test("a thief gets the reserved port before and after, and the next one between, of every ABI", async () => {
    const probes = abis.map(({ name, probe = "" }) => ({ name, probe }));
    const thieves = (when: string): string =>
      probes.map(({ name, probe }) => `step ${when}-${name} thief ${probe} --symbol bindresvport`).join("\n");
    const ran = await onHost(`${thieves("before")}
ctl install >"$SCRATCH/log" 2>&1
${thieves("between")}
step nobody nobody true
ctl uninstall >"$SCRATCH/log" 2>&1
${thieves("after")}`);
    for (const { name } of probes) {
      expect(ran(`before-${name}`)).toEqual(fine('{"port":631}'));
      expect(ran(`between-${name}`)).toEqual(fine('{"port":632}'));
      expect(ran(`after-${name}`)).toEqual(fine('{"port":631}'));
    }
    expect(ran("nobody")).toEqual(fine());
  });

  test("a setuid program has the shim mapped, which LD_PRELOAD cannot do", async () => {
    const ran = await onHost(`${SETUID}
step variable setuid env LD_PRELOAD=${built.shim}
ctl install >"$SCRATCH/log" 2>&1
step list setuid
ctl uninstall >"$SCRATCH/log" 2>&1
step gone setuid`);
    expect(ran("list")).toEqual(fine("mapped"));
    expect(ran("variable")).toEqual(fine("not mapped"));
    expect(ran("gone")).toEqual(fine("not mapped"));
  });
});
