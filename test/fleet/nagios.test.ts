// status --nagios under the Monitoring Plugins' own tools, and by NRPE and sudo as scripts/fleet/nagios sets them up.
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { noteFleet } from "../guests/support/evidence.ts";
import { notPrebuilt } from "../package/prebuilt.ts";
import { packed } from "../package/tarball.ts";
import { named, skipReason } from "../support/can.ts";
import { FULL } from "../support/full.ts";
import { noHost, onHost } from "../support/host.ts";
import { parsePlugin } from "../support/plugin.ts";
import { debianRoot, noDebianRoot } from "../support/roots/debian.ts";
import { inRoot } from "../support/roots/enter.ts";
import { noSandbox, THIEF_PID } from "../support/sandbox.ts";
import { stepsOf } from "../support/steps.ts";

const PLUGINS = "/usr/lib/nagios/plugins";
const reason = (await noHost()) ?? skipReason({ program: `${PLUGINS}/negate`, package: "monitoring-plugins-basic" });

describe.skipIf(reason !== undefined)(named("the plugin", reason), () => {
  test("is one for negate, and for check_cluster in the states of many hosts", async () => {
    const step = await onHost(
      `
plugin() { ctl status --nagios; }
negated() { "$PLUGINS/negate" "$@" "$NODE" "$MANAGER" status --nagios; }
ctl compile >/dev/null
"$PIDEXEC" --pid "$THIEF" -- "$PROBE" --symbol bindresvport --protocol tcp --hold >"$SCRATCH/took" &
until_works grep -q 631 "$SCRATCH/took"
step plain plugin
step swapped negated
step milder negated --critical=WARNING --substitute
kill "$THIEF"; wait
step warning negated --warning=OK --substitute
step unknown "$PLUGINS/negate" --unknown=OK --substitute "$NODE" "$MANAGER" status --nagios -w
step one "$PLUGINS/check_cluster" --service -l portreserve -d 0,0,2 -c @1:
`,
      { environment: { PLUGINS } },
    );
    const plain = parsePlugin(step("plain").stdout);
    expect([step("plain").status, plain.state]).toEqual([2, "CRITICAL"]);
    // By default negate makes OK of CRITICAL, and leaves the text.
    expect(step("swapped")).toEqual({ status: 0, stderr: "", stdout: step("plain").stdout });
    expect(step("milder").status).toBe(1);
    expect(parsePlugin(step("milder").stdout)).toMatchObject({ state: "WARNING", summary: plain.summary });
    expect(step("warning").status).toBe(0);
    expect(parsePlugin(step("warning").stdout)).toMatchObject({ state: "OK", data: { stolen: { value: 0 } } });
    expect([step("unknown").status, parsePlugin(step("unknown").stdout).summary]).toEqual([0, "unknown option '-w'"]);
    expect(step("one")).toMatchObject({
      status: 2,
      stdout: expect.stringMatching(/^CLUSTER CRITICAL: portreserve: 2 ok, 0 warning, 0 unknown, 1 critical/),
    });
  });
});

/** Debian 12 with what scripts/fleet/nagios is for. */
const DEBIAN_12 = {
  suite: "bookworm",
  include: ["iproute2", "nagios-nrpe-plugin", "nagios-nrpe-server", "nodejs", "sudo"],
} as const;

const SET_UP = `set -u
mkdir -p /usr/lib/pr && tar -xzf /package.tgz -C /usr/lib/pr --strip-components=1 --no-same-owner
ln -s ../lib/pr/dist/portreservectl.mjs /usr/bin/portreservectl
cd /usr/lib/pr/scripts/fleet/nagios
install -m 0440 sudoers /etc/sudoers.d/portreserve
install -m 0644 nrpe.cfg /etc/nagios/nrpe.d/portreserve.cfg
ip link set lo up
mkdir -p /etc/portreserve /run/nagios; echo 631 >/etc/portreserve/cups; chown nagios /run/nagios
/usr/sbin/nrpe -c /etc/nagios/nrpe.cfg -d
ask() { /usr/lib/nagios/plugins/check_nrpe -H 127.0.0.1 -t 40 -c check_portreserve; }
user() { setpriv --reuid=nagios --regid=nagios --clear-groups "$@"; }
plugin="/usr/bin/portreservectl status --nagios --timeout 30"
step syntax visudo -c
portreservectl compile >/dev/null
/usr/lib/pr/prebuilds/linux-${process.arch}/portreserve-pidexec --pid ${THIEF_PID} -- /usr/lib/pr/prebuilds/linux-${process.arch}/portreserve-probe --symbol bindresvport --protocol tcp --hold >/took &
for try in $(seq 500); do grep -q 631 /took && break; sleep 0.02; done
step stolen ask
kill ${THIEF_PID}
step user user $plugin
step sudo user sudo -n $plugin
step more user sudo -n $plugin --output /file
step without user sudo -n /usr/bin/portreservectl compile
kill $(cat /run/nagios/nrpe.pid)
`;

const noMachine =
  notPrebuilt(process.arch === "arm64" ? "arm64" : "x64") ??
  (await noSandbox()) ??
  (FULL ? await noDebianRoot(DEBIAN_12) : "its root takes half a minute: set PORTRESERVE_FULL=1");

test.skipIf(noMachine !== undefined)(
  named("NRPE asks it by sudo, with the files of the package, and may ask nothing else", noMachine),
  async () => {
    const { status, stdout, stderr } = await inRoot(SET_UP, {
      layers: [debianRoot(DEBIAN_12)],
      files: { "/package.tgz": packed() },
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const step = stepsOf(stdout);
    expect(step("syntax").status).toBe(0);
    const stolen = parsePlugin(step("stolen").stdout);
    expect([step("stolen").status, stolen.state, stolen.data.stolen?.value]).toEqual([2, "CRITICAL", 1]);
    expect(step("user")).toMatchObject({ status: 1, stdout: expect.stringMatching(/\nonly root sees every process/) });
    const asRoot = parsePlugin(step("sudo").stdout);
    expect([step("sudo").status, asRoot.state, asRoot.data.stolen?.value]).toEqual([1, "WARNING", 0]);
    expect(asRoot.details.join("\n")).not.toContain("only root");
    for (const name of ["more", "without"]) {
      expect(step(name)).toMatchObject({
        status: 1,
        stdout: "",
        stderr: expect.stringMatching(/^sudo: a password is required/m),
      });
    }
    noteFleet(
      "NRPE asks status --nagios by sudo, with the package's files",
      "Debian 12",
      "without sudo it says that only root sees every process; other commands are refused",
      "CRITICAL while a port is stolen",
    );
  },
);

test("all files say the same command", () => {
  const folder = path.resolve(import.meta.dirname, "../../scripts/fleet/nagios");
  const read = (name: string): string => readFileSync(path.join(folder, name), "utf8");
  const command = "/usr/bin/portreservectl status --nagios --timeout 30";
  expect(read("sudoers")).toContain(`nagios ALL=(root) NOPASSWD: ${command}\n`);
  expect(read("nrpe.cfg")).toContain(`=/usr/bin/sudo -n ${command}\n`);
  const words = /command = \[ (.*) \]/.exec(read("icinga2.conf"))?.[1] ?? "";
  expect(JSON.parse(`[${words}]`).join(" ")).toBe(`/usr/bin/sudo -n ${command}`);
});
