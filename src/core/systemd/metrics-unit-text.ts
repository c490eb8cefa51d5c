// The units that write metrics for Prometheus' node exporter: a timer, which only the administrator enables, and what it starts.
import { type Manager, UNIT_MARKER } from "./unit-texts.ts";
import { execArgument, execProgram, literal } from "./words.ts";

export const METRICS_TIMER = "portreserve-metrics.timer";
export const METRICS_SERVICE = "portreserve-metrics.service";
/** The files that we write. */
export const METRICS_UNITS: readonly string[] = [METRICS_SERVICE, METRICS_TIMER];
/** The target whose start starts the timer, once it is enabled. */
export const METRICS_TARGET = "timers.target";

/** The start of each file of metrics: the first one's name begins with our name, as all of them do. */
const METRICS_START = "# HELP portreserve_";

/** Whether a file in the place of the metrics is one that `status` wrote. */
export function isOurMetrics(text: string): boolean {
  return text.startsWith(METRICS_START);
}

/**
 * `file`: where the metrics go, unless a drop-in says otherwise. The look needs the host's processes, network, users and
 * files as they are, AppArmor's file of questions in /sys to write to, and Node memory that it may write and run: what is
 * not restricted here would blind it or stop it: with ProtectControlGroups= systemd 257 gives a service another /proc, which in
 * a container has /proc/sys of the old one in it. Of a look that is well the journal has nothing, as systemd says that too.
 * Somebody who starts it by hand as well must not end in the start limit, which would leave it failed.
 */
export function metricsServiceText({ node, manager }: Manager, file: string): string {
  return `${UNIT_MARKER}
[Unit]
Description=Write metrics of the reservations of ports
Documentation=man:portreservectl(8)
StartLimitIntervalSec=0

[Service]
Type=oneshot
Environment="PORTRESERVE_METRICS=${literal(file)}"
ExecStart=${execProgram(node)} ${execArgument(manager)} status --output \${PORTRESERVE_METRICS}
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
`;
}

/**
 * The first look soon after it is enabled or the host is up; then one a minute, at a second of each host's own. A drop-in that
 * empties OnCalendar= empties OnActiveSec= too, and needs no other line than its own.
 */
export function metricsTimerText(): string {
  return `${UNIT_MARKER}
[Unit]
Description=Write metrics of the reservations of ports each minute
Documentation=man:portreservectl(8)

[Timer]
OnActiveSec=5s
OnCalendar=minutely
AccuracySec=10s

[Install]
WantedBy=${METRICS_TARGET}
`;
}

/** Names and texts of the unit files. */
export function metricsUnitTexts(manager: Manager, file: string): readonly (readonly [string, string])[] {
  return [
    [METRICS_SERVICE, metricsServiceText(manager, file)],
    [METRICS_TIMER, metricsTimerText()],
  ];
}
