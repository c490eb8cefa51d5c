// The units that write metrics: letter by letter, whose they are, and what is there once somebody has enabled the timer.
import { expect, test } from "vitest";
import { metricsTraceSpecs, metricsUnitSpecs } from "../../src/core/install/metrics-specs.ts";
import { metricsServiceText, metricsTimerText } from "../../src/core/systemd/metrics-unit-text.ts";
import { PACKAGED_MARKER } from "../../src/core/systemd/unit-texts.ts";

test("writes the service, whose place is a variable", () => {
  expect(
    metricsServiceText({ node: "/opt/node 20/bin/node", manager: "/opt/$x/100%/manager.mjs" }, "/var/50%.prom"),
  ).toBe(`# Written by 'portreservectl install'; 'portreservectl uninstall' removes it.
[Unit]
Description=Write metrics of the reservations of ports
Documentation=man:portreservectl(8)
StartLimitIntervalSec=0

[Service]
Type=oneshot
Environment="PORTRESERVE_METRICS=/var/50%%.prom"
ExecStart="/opt/node 20/bin/node" "/opt/$$x/100%%/manager.mjs" status --output ${["$", "{PORTRESERVE_METRICS}"].join("")}
TimeoutStartSec=50
LogLevelMax=notice
Nice=10
CapabilityBoundingSet=CAP_SYS_PTRACE CAP_SYS_ADMIN CAP_DAC_READ_SEARCH CAP_DAC_OVERRIDE CAP_CHOWN CAP_FOWNER
NoNewPrivileges=yes
ProtectSystem=full
ProtectHome=read-only
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
RestrictAddressFamilies=AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=~@clock @cpu-emulation @module @mount @obsolete @raw-io @reboot @swap
SystemCallErrorNumber=EPERM
IPAddressDeny=any
`);
});

test("writes the timer", () => {
  expect(metricsTimerText()).toBe(`# Written by 'portreservectl install'; 'portreservectl uninstall' removes it.
[Unit]
Description=Write metrics of the reservations of ports each minute
Documentation=man:portreservectl(8)

[Timer]
OnActiveSec=5s
OnCalendar=minutely
AccuracySec=10s

[Install]
WantedBy=timers.target
`);
});

const PLACE = { folder: "/etc/units", node: "/n", manager: "/m" };

test("puts two files, none of them enabled, and a package has them in its own folder under its own words", () => {
  const of = (packaged: object): readonly string[] =>
    metricsUnitSpecs({ ...PLACE, ...packaged }, "/m.prom").map(({ path, wanted }) => `${wanted.kind} ${path}`);
  const both = (folder: string): readonly string[] =>
    ["service", "timer"].map((kind) => `file ${folder}/portreserve-metrics.${kind}`);
  expect([of({}), of({ packaged: "/usr/units" })]).toEqual([both("/etc/units"), both("/usr/units")]);
  const [service] = metricsUnitSpecs({ ...PLACE, packaged: "/usr/units" }, "/m.prom");
  expect(service?.wanted.kind === "file" && Buffer.from(service.wanted.bytes).toString().split("\n")[0]).toBe(
    PACKAGED_MARKER,
  );
});

test("takes the link of the timer and the file of metrics, and neither of somebody else's", () => {
  const [link, file] = metricsTraceSpecs({ folder: "/etc/units", packaged: "/usr/units" }, "/m.prom");
  expect([link?.path, file?.path]).toEqual(["/etc/units/timers.target.wants/portreserve-metrics.timer", "/m.prom"]);
  const targets = ["/usr/units", "/units", "/etc/units"].map((folder) => `${folder}/portreserve-metrics.timer`);
  expect(targets.map((target) => link?.isOurs(target))).toEqual([true, true, false]);
  const [own] = metricsTraceSpecs({ folder: "/etc/units" }, "/m.prom");
  expect(targets.map((target) => own?.isOurs(target))).toEqual([false, false, true]);
  expect(
    ["# HELP portreserve_allocators A.\n", "", "# HELP node_x X.\n"].map((text) => file?.isOurs(Buffer.from(text))),
  ).toEqual([true, false, false]);
});
