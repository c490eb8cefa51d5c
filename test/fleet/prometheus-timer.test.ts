// The whole way on a booted host: the timer writes, Debian's node exporter and Prometheus read, a theft is an alert until it ends.
import { expect, test } from "vitest";
import { METRICS_FILE } from "../../src/system/paths.ts";
import { noteFleet } from "../guests/support/evidence.ts";
import { named, skipReason } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { bootGuest, type Guest } from "../support/guest/guest.ts";
import { noGuest } from "../support/guest/support.ts";
import { THIEF_PID } from "../support/sandbox.ts";
import { MAIN, NODE, stagedNatives } from "../support/stage/stage.ts";
import { configText, quickRules } from "./support/prometheus.ts";

const reason =
  skipReason(
    { program: "prometheus", package: "prometheus" },
    { program: "prometheus-node-exporter", package: "prometheus-node-exporter" },
  ) ?? noGuest();

const PARTS = ["holder.c", "take-bindresvport.c"].map((name) => `test/coverage/zoo-programs/${name}`);
/** Static, so that no shim is in it. */
const thief = (): string => `[Service]
Type=exec
SuccessExitStatus=143
ExecStart=${stagedNatives()}/portreserve-pidexec --pid ${THIEF_PID} -- ${compileC(PARTS, ["-static"])}
`;
const QUICK = "[Timer]\nOnCalendar=\nOnCalendar=*:*:0/2\nAccuracySec=100ms\n";
const TARGETS = [{ targets: ["localhost:9100"], labels: { instance: "guest" } }];
const files = (): Readonly<Record<string, string>> => ({
  "/etc/portreserve/cups": "631\n",
  "/etc/bindresvport.blacklist": "",
  "/etc/systemd/system/thief.service": thief(),
  "/etc/systemd/system/portreserve-metrics.timer.d/quick.conf": QUICK,
  "/etc/prometheus/prometheus.yml": configText({
    rules: "/etc/prometheus/portreserve.rules.yml",
    targets: "/etc/prometheus/targets.json",
  }),
  "/etc/prometheus/targets.json": JSON.stringify(TARGETS),
  "/etc/prometheus/portreserve.rules.yml": quickRules(),
});

/** For sh(1): `alerts` says which are there, `have WORD` and `lack WORD` wait. */
const SH = `
query() { promtool query instant http://localhost:9090 "$1"; }
alerts() { query 'ALERTS{alertname="PortreserveStolen", alertstate="firing"}'; }
until_so() { for attempt in $(seq 400); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done; echo "gave up: $*" >&2; return 1; }
lacks() { ! "$@" | grep -q .; }
has() { "$@" | grep -q .; }
look() { sed -n 's/^portreserve_look_timestamp_seconds //p' ${METRICS_FILE}; }
`;

test.skipIf(reason !== undefined)(named("a timer, a theft, an alert, and the end of each", reason), async () => {
  const guest = await bootGuest({ files: files() });
  const sh = (script: string): Promise<string> => guest.output(`${SH}${script}`, { timeout: 60_000 });
  try {
    await sh(`${NODE} ${MAIN} install`);
    // Nobody has enabled it.
    expect(await sh(`systemctl is-enabled portreserve-metrics.timer; ls ${METRICS_FILE} 2>&1; :`)).toMatch(
      /^disabled\n.*No such file/,
    );
    await sh(
      "systemctl start prometheus-node-exporter prometheus; systemctl enable --quiet --now portreserve-metrics.timer",
    );
    await sh(`until_so test -e ${METRICS_FILE}`);
    expect(await sh(`stat -c '%a %U' ${METRICS_FILE}; ls -A "$(dirname ${METRICS_FILE})"`)).toBe(
      "644 root\nportreserve.prom\n",
    );
    await sh('first=$(look); newer() { [ "$(look)" != "$first" ]; }; until_so newer');

    // Before the theft there is no alert, though everything that would raise one is there.
    await sh("until_so has query 'portreserve_covered == 1'; sleep 4");
    expect(await sh("query ALERTS")).toBe("\n");
    await sh("systemctl start thief; until_so has alerts");
    expect(await sh("alerts")).toMatch(
      /instance="guest", job="node", port="631", protocol="udp", severity="critical", unit="thief\.service"/,
    );
    await sh("systemctl stop thief; until_so lacks alerts");
    await sh("until_so has query 'portreserve_covered == 1'; systemctl stop prometheus portreserve-metrics.timer");

    await seesAsMuch(guest);
    await saysWhere(guest);
    await startsAsOftenAsAsked(guest);
    await leavesNothing(guest);
    noteFleet(
      "metrics by the timer, Debian's node_exporter and Prometheus: a theft and its end",
      "one guest",
      "no alert before the theft, nor after it",
      "PortreserveStolen fires while it lasts",
    );
  } finally {
    await guest.stop();
  }
});

const START = "systemctl start portreserve-metrics.service";
const place = (settings: string): string =>
  `mkdir -p /run/systemd/system/portreserve-metrics.service.d
printf '[Service]\\n${settings}\\n' >/run/systemd/system/portreserve-metrics.service.d/some.conf; systemctl daemon-reload`;

/** Out of its sandbox, as root at a terminal does; not where a right is missing that it has (the control). */
async function seesAsMuch(guest: Guest): Promise<void> {
  const timeless = (text: string): string => text.replace(/^portreserve_look_timestamp_seconds .*$/m, "");
  const written = async (): Promise<string> => timeless(await guest.output(`${START}; cat ${METRICS_FILE}`));
  const plain = timeless(await guest.output(`${NODE} ${MAIN} status --prometheus`));
  expect(plain).toContain("\nportreserve_covered 1\n");
  expect(await written()).toBe(plain);
  await guest.output(place("CapabilityBoundingSet=~CAP_SYS_PTRACE"));
  expect(await written()).toContain("\nportreserve_covered 0\n");
}

const JOURNAL = "journalctl --sync; journalctl -q -o cat -u portreserve-metrics.service";

/** Where it writes to, by a drop-in, without a word; and that there is no such folder, where there is none. */
async function saysWhere(guest: Guest): Promise<void> {
  expect(await guest.output(JOURNAL)).toBe("");
  await guest.output(place("Environment=PORTRESERVE_METRICS=/srv/some/where.prom"));
  expect((await guest.run(START)).status).not.toBe(0);
  expect(await guest.output(`${JOURNAL} -t node -n 2`)).toBe(
    `portreservectl: error: cannot write '/srv/some/where.prom': there is no folder '/srv/some'
hint: run 'mkdir -p /srv/some', or name a file in the folder that node_exporter's option --collector.textfile.directory names
`,
  );
  await guest.output(`mkdir /srv/some; ${START}; grep -q '^portreserve_covered 1' /srv/some/where.prom`);
}

/** With a limit of systemd's own, the control, it is failed after the fifth start, and nothing is written any more. */
async function startsAsOftenAsAsked(guest: Guest): Promise<void> {
  const often = async (): Promise<number> => (await guest.run(`for i in $(seq 8); do ${START} || exit; done`)).status;
  expect(await often()).toBe(0);
  const limit = "/run/systemd/system/portreserve-metrics.service.d/limit.conf";
  await guest.output(`printf '[Unit]\\nStartLimitIntervalSec=10min\\n' >${limit}; systemctl daemon-reload`);
  expect(await often()).not.toBe(0);
  await guest.output(`rm ${limit}; systemctl daemon-reload; systemctl reset-failed portreserve-metrics.service`);
}

async function leavesNothing(guest: Guest): Promise<void> {
  await guest.output(`systemctl start portreserve-metrics.timer; rm -r /srv/some; ${START} || :`);
  expect(await guest.run(`${NODE} ${MAIN} uninstall`)).toMatchObject({ status: 0, stderr: "" });
  expect(
    await guest.output(`systemctl list-units --all --no-legend 'portreserve*'; systemctl --failed --no-legend
find /etc/systemd/system /var/lib/prometheus/node-exporter -name '*portreserve*'; ls -d /var/lib/prometheus/node-exporter`),
  ).toBe("/etc/systemd/system/portreserve-metrics.timer.d\n/var/lib/prometheus/node-exporter\n");
}
