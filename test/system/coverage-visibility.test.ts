// Whether the manager sees the host as process 1 does: each way of being blind is said, and what is harmless is not.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { asNobody } from "../support/cli.ts";
import { OBSERVE } from "../support/held.ts";
import { ownHost } from "../support/own-host.ts";
import { NODE } from "../support/stage/stage.ts";

const noRoot = skipReason("root");
const OUTSIDE = "run it outside of that container or sandbox";

/** Why the manager says that it is blind when a script starts it with "$@" on a host of its own, whose process 1 is a shell. */
function hidden(script: string, alone: readonly string[] = ["--net"]): unknown {
  const { stdout, stderr } = spawnSync("unshare", [...ownHost(`${script}\n:`, { alone }), NODE, OBSERVE, "1"], {
    encoding: "utf8",
  });
  if (stderr !== "") throw new Error(stderr);
  return (JSON.parse(stdout) as { hidden: unknown }).hidden;
}

const blind = (unseen: string, rootWould = false) => ({ unseen, rootWould });
const place = (name: string) => blind(`'${name}' is not for it what it is for process 1: ${OUTSIDE}`);
const nobody = asNobody.join(" ");

describe.skipIf(noRoot !== undefined)(named("a host of its own", noRoot), () => {
  test.each([
    ["as it is (control)", '"$@"'],
    ["as another user", `${nobody} "$@"`],
    ["from a service with PrivateTmp=", 'unshare --mount sh -c \'mount -t tmpfs none /tmp && exec "$@"\' sh "$@"'],
    [
      "from a service with ProtectSystem=",
      'unshare --mount sh -c \'mount --bind /usr /usr && mount -o remount,bind,ro /usr && exec "$@"\' sh "$@"',
    ],
    [
      "from a service with ProtectProc=",
      'unshare --mount sh -c \'mount -t proc -o hidepid=2 proc /proc && exec "$@"\' sh "$@"',
    ],
    ["where processes are hidden from others", 'mount -o remount,hidepid=2 /proc && "$@"'],
    [
      "where they are hidden from others than this group",
      `mount -o remount,hidepid=2,gid=65534 /proc && ${nobody} "$@"`,
    ],
    ["where they are not hidden", `mount -o remount,hidepid=0 /proc && ${nobody} "$@"`],
  ])("is seen %s", (_, script) => {
    expect(hidden(script)).toBeUndefined();
  });

  test.each([
    [
      "with something else at /proc",
      'mount -t tmpfs none /proc && "$@"',
      blind("no file system of type proc that shows this program is mounted at '/proc'"),
    ],
    [
      "with the /proc of processes that it is not among",
      'unshare --pid --fork sh -c "mount -t proc proc /srv && exec sleep 60" & until [ -e /srv/1 ]; do sleep 0.02; done; mount --bind /srv /proc; "$@"',
      blind("no file system of type proc that shows this program is mounted at '/proc'"),
    ],
    [
      "by a service with ProcSubset=pid",
      'mount -t proc -o subset=pid proc /proc && "$@"',
      blind(`'/proc' shows processes alone (subset=pid): ${OUTSIDE}`),
    ],
    [
      "by a service with PrivateNetwork=",
      'unshare --net "$@"',
      blind(`it runs in another network namespace than process 1: ${OUTSIDE}`),
    ],
    [
      "by a service with PrivateUsers=",
      'unshare --user --map-root-user "$@"',
      blind("process 1, which stands for the host, may not be looked at"),
    ],
    [
      "by a service that root runs without CAP_SYS_PTRACE",
      'mount -o remount,hidepid=2 /proc && setpriv --regid=65534 --clear-groups --bounding-set=-sys_ptrace "$@"',
      blind("/proc is mounted with 'hidepid'"),
    ],
    [
      "from another user",
      `mount -o remount,hidepid=2 /proc && ${nobody} "$@"`,
      blind("/proc is mounted with 'hidepid'", true),
    ],
    [
      "by a service with ProtectHome= and the like",
      'unshare --mount sh -c \'mount -t tmpfs none /srv && exec "$@"\' sh "$@"',
      place("/srv"),
    ],
    [
      "by a service with InaccessiblePaths= below /proc",
      'unshare --mount sh -c \'mount --bind /dev/null /proc/sys/net/ipv4/ip_unprivileged_port_start && exec "$@"\' sh "$@"',
      place("/proc/sys/net/ipv4/ip_unprivileged_port_start"),
    ],
    [
      "where something covers a file that install writes",
      'unshare --mount sh -c \'mount --bind /dev/null /etc/passwd && exec "$@"\' sh "$@"',
      place("/etc/passwd"),
    ],
  ])("is not seen %s", (_, script, why) => {
    expect(hidden(script)).toEqual(why);
  });

  test("is seen by the /proc of an outer pid namespace, where the program has another number than its own", () => {
    const script = 'unshare --pid --fork "$@"';
    expect(hidden(script)).toBeUndefined();
  });
});

// Where this machine is such a container itself, its network cannot be told from one of the test's own.
const isContainer = existsSync("/proc/sys/net/core/netdev_max_backlog")
  ? undefined
  : "this machine is a container with a network of its own";
const noHost = noRoot ?? isContainer;
test.skipIf(noHost !== undefined)(named("processes apart on the network of others are not the host", noHost), () => {
  expect(hidden('"$@"', [])).toEqual(blind(`it runs in a pid namespace of its own on the host's network: ${OUTSIDE}`));
});
