// status --nagios under the Monitoring Plugins' own tools, and by NRPE and sudo as scripts/fleet/nagios sets them up.
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { noHost, onHost } from "../support/host.ts";
import { parsePlugin } from "../support/plugin.ts";

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

test("all files say the same command", () => {
  const folder = path.resolve(import.meta.dirname, "../../scripts/fleet/nagios");
  const read = (name: string): string => readFileSync(path.join(folder, name), "utf8");
  const command = "/usr/bin/portreservectl status --nagios --timeout 30";
  expect(read("sudoers")).toContain(`nagios ALL=(root) NOPASSWD: ${command}\n`);
  expect(read("nrpe.cfg")).toContain(`=/usr/bin/sudo -n ${command}\n`);
  const words = /command = \[ (.*) \]/.exec(read("icinga2.conf"))?.[1] ?? "";
  expect(JSON.parse(`[${words}]`).join(" ")).toBe(`/usr/bin/sudo -n ${command}`);
});
