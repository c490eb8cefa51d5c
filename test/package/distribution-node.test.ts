// The manager on the Node that a distribution has: Debian 12's own package, all of it, and an older Node, which is told so in one line.
import { beforeAll, describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { debianRoot, noDebianRoot } from "../support/roots/debian.ts";
import { inRoot } from "../support/roots/enter.ts";
import { nodeLayer, noNode } from "../support/roots/node.ts";
import { noSandbox, THIEF_PID } from "../support/sandbox.ts";
import { type Steps, stepsOf } from "../support/steps.ts";
import { notPrebuilt } from "./prebuilt.ts";
import { manifest, packed } from "./tarball.ts";

const HOME = "/usr/local/lib/node_modules/portreserve";
const NATIVE = `${HOME}/prebuilds/linux-${process.arch}`;

/** Debian 12 with its nodejs, and no npm: what npm would unpack is unpacked by hand. */
const DEBIAN_12 = { suite: "bookworm", include: ["nodejs"] } as const;
/** As Debian 11 and Ubuntu 22.04 have it. */
const OLD = { node: "12.22.12", npm: "6" } as const;

const UNPACK = `mkdir -p ${HOME} && tar -xzf /package.tgz -C ${HOME} --strip-components=1 --no-same-owner
ln -s ../lib/node_modules/portreserve/dist/portreservectl.mjs /usr/local/bin/portreservectl
ln -s ../lib/node_modules/portreserve/dist/portrelease.js /usr/local/bin/portrelease
`;

/** Two looks of root's, once the program's file has lain for two seconds: what V8 kept of the first is taken by the second. */
const WORK = `set -u
${UNPACK}
thief() { ${NATIVE}/portreserve-pidexec --pid ${THIEF_PID} -- "$@"; }
allocate="${NATIVE}/portreserve-probe --symbol bindresvport"
node_of() { readlink -f "$(command -v node)"; dpkg-query -S /usr/bin/node; node --version; }
step node node_of
step version portreservectl --version
mkdir /etc/portreserve
echo 631/tcp >/etc/portreserve/cups
echo 63x >/etc/portreserve/wrong
step check portreservectl check
step compile portreservectl compile
step list portreservectl list
step lookup portreservectl lookup 631
step map portreservectl map
step theft thief $allocate
step run thief portreservectl run -- $allocate
step demo portreservectl demo --json
rm /etc/portreserve/wrong
sleep 2.1
step install portreservectl install
step covered thief env -i $allocate
step first portreservectl status --json
step kept ls /run/portreserve.code
step status portreservectl status --json
step verify portreservectl verify
step colour script -qec "portreservectl status" /dev/null
step release portrelease --verbose
step help portreservectl --help
step wrong portreservectl stauts
step uninstall portreservectl uninstall
step again thief env -i $allocate
`;

const unbuilt = notPrebuilt(process.arch === "arm64" ? "arm64" : "x64");
const noRoot = unbuilt ?? (await noSandbox()) ?? (await noDebianRoot(DEBIAN_12));
const noOld = noRoot ?? (await noNode(OLD));
let tarball = "";
beforeAll(() => {
  if (noRoot === undefined) tarball = packed();
});

describe.skipIf(noRoot !== undefined)(named("on Debian 12's own nodejs", noRoot), () => {
  let ran: Steps;
  beforeAll(async () => {
    const layers = [debianRoot(DEBIAN_12)];
    const { status, stdout, stderr } = await inRoot(WORK, { layers, files: { "/package.tgz": tarball } });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    ran = stepsOf(stdout);
  }, 200_000);

  test("that is Node 18, of the distribution's package (control)", () => {
    expect(ran("node").stdout).toMatch(/^\/usr\/bin\/node\nnodejs: \/usr\/bin\/node\nv18\./);
    expect(ran("version")).toEqual({ status: 0, stdout: `${manifest.version}\n`, stderr: "" });
  });

  test("a configuration is checked, compiled and shown, and a wrong line is pointed at", () => {
    expect(ran("check").status).toBe(1);
    expect(ran("check").stderr).toContain("/etc/portreserve/wrong:1:1: ");
    expect(ran("compile").status).toBe(1);
    expect(ran("list")).toMatchObject({ status: 0, stdout: expect.stringContaining("631") });
    expect(ran("lookup").stdout).toMatch(/^631\/tcp {2}reserved {2}/);
    expect(ran("map").status).toBe(0);
    expect(ran("help")).toMatchObject({ status: 0, stderr: "" });
    expect(ran("wrong")).toMatchObject({ status: 2, stdout: "" });
  });

  test("a reserved port is stolen without the shim (control), and never with it", () => {
    expect(ran("theft").stdout).toBe('{"port":631}\n');
    expect(ran("run").stdout).toBe('{"port":632}\n');
    expect(ran("install")).toMatchObject({ status: 0, stderr: "" });
    expect(ran("covered").stdout).toBe('{"port":632}\n');
    expect(ran("uninstall")).toMatchObject({ status: 0, stderr: "" });
    expect(ran("again").stdout).toBe('{"port":631}\n');
  });

  test("demo, status and verify have their answers, in colour too", () => {
    expect(JSON.parse(ran("demo").stdout)).toMatchObject({ theftShown: true, theftPrevented: true });
    expect([ran("first").status, ran("kept").status]).toEqual([0, 0]);
    expect(ran("status")).toMatchObject({ status: 0, stderr: "" });
    expect(JSON.parse(ran("status").stdout).answers).toEqual(
      expect.arrayContaining([expect.objectContaining({ id: "preload", state: "good" })]),
    );
    expect(ran("verify").stdout).toMatch(/^the host: covered/m);
    expect(ran("colour").stdout).toContain("\u001b[32m");
    expect(ran("release")).toMatchObject({ status: 0, stderr: "" });
  });
});

test.skipIf(noOld !== undefined)(
  named("a Node that is too old gets one line, and an exit code of its own", noOld),
  async () => {
    const script = `${UNPACK}step node node --version
step status portreservectl status
step plugin portreservectl status --nagios`;
    const layers = [nodeLayer(OLD), debianRoot(DEBIAN_12)];
    const { stdout } = await inRoot(script, { layers, files: { "/package.tgz": tarball } });
    const ran = stepsOf(stdout);
    expect(ran("node").stdout).toBe(`v${OLD.node}\n`);
    expect(ran("status")).toEqual({
      status: 69,
      stdout: "",
      stderr: `portreservectl: error: this is Node v${OLD.node}, and 18.19 or newer is needed
hint: Debian 12, Ubuntu 24.04 and what is newer have one: 'apt-get install nodejs'
`,
    });
    expect(ran("plugin")).toEqual({
      status: 3,
      stdout: `PORTRESERVE UNKNOWN - this is Node v${OLD.node}, and 18.19 or newer is needed\n`,
      stderr: "",
    });
  },
);
