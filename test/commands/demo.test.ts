// demo, as built: what it prints as root and as anybody, and what it says when things are otherwise.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { asNobody, type CtlOptions, ctl, scratch } from "../support/cli.ts";
import { compileC } from "../support/compile-c.ts";
import { MAIN, NODE, stagedNatives } from "../support/stage/stage.ts";

const daemonReason = skipReason(
  "root",
  { program: "rpcbind", package: "rpcbind" },
  { program: "rpc.statd", package: "nfs-common" },
);
const userReason = skipReason("userns");

const opening = (thief: string): string => `How port 631 is stolen, and how it is not

All of this happens in a throwaway sandbox with its own processes, network and
configuration. Nothing on this machine changes.

   reserved     15 ports by 11 files that distributions really shipped;
                'cups' says 'ipp', which is 631 for TCP and UDP
   the thief    ${thief}

1  Without the shim
   process 21231 asks libc for any privileged port; libc begins at
   600 + 21231 % 424 = 631
`;
const between = `
2  With the shim (LD_PRELOAD)
   the same program with the same process id
`;
const beyond = (third: string, fourth: string): string => `
3  A thief that no preload reaches
   portreserve-probe-static, a static program with its own loop on bind(),
   with the shim in its environment
${third}
4  With 631 held (portreserve-hold)
   the same program; the owner has SO_REUSEADDR, as nearly every server
${fourth}`;
/** Neither is in sudo's folders, nor in the PATH of a test by its name. */
const OWN = `${NODE} ${MAIN}`;
const closing = (thief: string, sudo = ""): string => `${beyond(staticTheft, staticPrevention)}
Proven: left alone, ${thief} takes port 631 from its owner.
With the shim it takes another port, and the owner gets its own.
What no preload reaches is kept out by a hold, which its owner does not notice.

Go on with
   ${OWN} status
      what can take a reserved port of this host, and what has one
   ${OWN} help hold
      how nothing at all can take the ports of a service
   ${sudo}${OWN} install
      every program of this host keeps off what /etc/portreserve reserves
`;
const refused = "     the owner   gets 631/tcp, is refused 631/udp (EADDRINUSE)\n";
const served = "     the owner   gets 631/tcp, gets 631/udp\n";
const staticTheft = `     it got      0.0.0.0:631/udp, reserved: stolen\n${refused}`;
const staticPrevention = `     it got      0.0.0.0:632/udp\n${served}`;

/** Everything of the host that a leaking sandbox would touch first. */
const host = (): unknown => [
  readdirSync("/etc").sort(),
  statSync("/etc").mtimeMs,
  readFileSync("/proc/self/mountinfo", "utf8"),
];

test.skipIf(daemonReason !== undefined)(
  named("as root shows the theft by a real daemon, its prevention, and leaves the host as it was", daemonReason),
  () => {
    const before = host();
    const folder = scratch();
    const { status, stdout, stderr } = ctl(["demo"], { env: { TMPDIR: folder } });
    const answers = "     it serves   program 100024 version 1 ready and waiting\n";
    expect(stdout).toBe(
      `${opening("rpc.statd, the NFS status monitor of this machine")}     it got      127.0.0.1:631/udp, reserved: stolen
${answers}${refused}${between}     it got      127.0.0.1:632/udp
${answers}${served}${closing("rpc.statd")}`,
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    // What it ends with can be run as it stands.
    const last = / {3}(.*) install\n.*\n$/.exec(stdout)?.[1] ?? "false";
    expect(spawnSync("sh", ["-c", `${last} --version`], { encoding: "utf8", cwd: "/" }).stdout).toBe(
      ctl(["--version"]).stdout,
    );
    expect(host()).toEqual(before);
    expect(readdirSync(folder)).toEqual([]);
  },
);

describe.skipIf(userReason !== undefined)(named("as an ordinary user", userReason), () => {
  const thief = "portreserve-probe";
  const start = opening(`${thief}, allocates ports as daemons do
                not rpc.statd, ypserv: real daemons need root`);
  const theft = `     it got      0.0.0.0:631/udp, reserved: stolen\n${refused}`;
  const prevention = `     it got      0.0.0.0:632/udp\n${served}`;
  const demo = (options: CtlOptions = {}, ...args: readonly string[]) =>
    ctl(["demo", ...args], { under: asNobody, ...options });

  test("shows the theft by the probe and its prevention, and says why it is the probe", () => {
    expect(demo()).toEqual({
      status: 0,
      stdout: start + theft + between + prevention + closing(thief, "sudo "),
      stderr: "",
    });
  });

  test("gives scripts the same facts", () => {
    const { status, stdout } = demo({}, "--json");
    const owner = { tcp: { port: 631 }, udp: { port: 631 } };
    const socket = { protocol: "udp", family: "inet", address: "0.0.0.0" };
    const executable = path.join(stagedNatives(), "portreserve-probe");
    const unreached = path.join(stagedNatives(), "portreserve-probe-static");
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      schemaVersion: 1,
      command: "demo",
      outcome: "done",
      exitCode: 0,
      diagnostics: [],
      messages: [],
      port: 631,
      pid: 21231,
      sandbox: "user namespace",
      reserved: {
        tcp: [9, 110, 143, 631, 636, 647, 694, 749, 750, 754, 783, 847, 953, 993, 995],
        udp: [9, 110, 143, 631, 636, 647, 694, 750, 783, 847, 993, 995],
      },
      thief: {
        name: thief,
        command: [executable, "--symbol", "bindresvport", "--protocol", "udp", "--hold"],
        daemon: false,
      },
      passedOver: ["rpc.statd", "ypserv"].map((name) => ({ name, reason: "real daemons need root" })),
      withoutShim: {
        executable,
        sockets: [{ ...socket, port: 631, stolen: true }],
        owner: { ...owner, udp: { error: "EADDRINUSE" } },
        answers: [],
      },
      withShim: { executable, sockets: [{ ...socket, port: 632, stolen: false }], owner, answers: [] },
      staticThief: { name: "portreserve-probe-static", command: [unreached, "udp", "any", "hold"] },
      staticWithShim: {
        executable: unreached,
        sockets: [{ ...socket, port: 631, stolen: true }],
        owner: { ...owner, udp: { error: "EADDRINUSE" } },
        answers: [],
      },
      staticWithHold: {
        executable: unreached,
        sockets: [{ ...socket, port: 632, stolen: false }],
        owner,
        answers: [],
      },
      theftShown: true,
      theftPrevented: true,
    });
  });

  test("says that nothing is proven when the shim does not help", () => {
    const folder = packageWith((release) => {
      copyFileSync(compileC("test/commands/empty.c", ["-shared", "-fPIC"]), path.join(release, "libportreserve.so"));
    });
    expect(demo({ env: { PORTRESERVE_PREBUILD: folder } })).toEqual({
      status: 1,
      stdout: `${start}${theft}${between}${theft}${beyond(staticTheft, staticPrevention)}\nNot proven: the theft was shown, but not prevented\n`,
      stderr: "",
    });
  });

  test("says that nothing is proven when there is no theft to begin with", () => {
    const folder = packageWith((release) => {
      const script = `#!/bin/sh\nLD_PRELOAD=${stagedNatives()}/libportreserve.so exec ${stagedNatives()}/portreserve-probe "$@"\n`;
      writeFileSync(path.join(release, "portreserve-probe"), script, { mode: 0o755 });
    });
    expect(demo({ env: { PORTRESERVE_PREBUILD: folder } })).toEqual({
      status: 1,
      stdout: `${start}${prevention}${between}${prevention}${beyond(staticTheft, staticPrevention)}\nNot proven: the theft could not be shown\n`,
      stderr: "",
    });
  });

  test("says that nothing is proven when the hold does not help", () => {
    const folder = packageWith((release) => {
      const script = '#!/bin/sh\n[ "$1" = --state ] && echo holding nothing >"$2"\nexec sleep 60\n';
      writeFileSync(path.join(release, "portreserve-hold"), script, { mode: 0o755 });
    });
    expect(demo({ env: { PORTRESERVE_PREBUILD: folder } })).toEqual({
      status: 1,
      stdout: `${start}${theft}${between}${prevention}${beyond(staticTheft, staticTheft)}\nNot proven: the theft was shown, but not prevented\n`,
      stderr: "",
    });
  });

  test("where no sandbox can be made says why, what helps, and exits with 3", () => {
    // A user namespace without the right to mount, in which no further one may be made.
    const cage =
      'echo 0 > /proc/sys/user/max_user_namespaces; exec setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin -- "$@"';
    const { status, stdout, stderr } = ctl(["demo"], {
      under: [...asNobody, "unshare", "--user", "--map-root-user", "sh", "-c", cage, "sh"],
    });
    expect({ status, stdout }).toEqual({ status: 3, stdout: "" });
    expect(stderr).toBe(
      "portreservectl: error: cannot make a sandbox: unshare: unshare failed: Operation not permitted\n" +
        "hint: this looks like a container without CAP_SYS_ADMIN: run it on the host or in a virtual machine\n",
    );
  });
});

/** The native parts of the package in a folder of their own, changed. */
function packageWith(change: (release: string) => void): string {
  const folder = scratch();
  const release = path.join(folder, "build/Release");
  mkdirSync(release, { recursive: true });
  const programs = ["probe", "probe-static", "pidexec", "hold"].map((name) => `portreserve-${name}`);
  for (const name of ["portreserve.node", "libportreserve.so", ...programs]) {
    copyFileSync(path.join(stagedNatives(), name), path.join(release, name));
  }
  change(release);
  return folder;
}
