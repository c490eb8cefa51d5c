// Two hundred hosts in twenty racks, served on loopback: each has the metrics of a recorded scene, with the look as young as its timer makes it.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import { packageRoot } from "../../../src/core/native.ts";
import type { Labels, Target } from "./prometheus.ts";
import type { Scene } from "./scenes.ts";

/** `silent`: its timer has stopped. `gone`: its metrics are there, and later they are not. */
export type Matter = Scene | "silent" | "gone";

export interface Host {
  readonly name: string;
  readonly rack: string;
  matter: Matter;
}

/** How many hosts of each; a rack has ten, and all that are stolen from are in one. */
const HOSTS = {
  stolen: 8,
  held: 12,
  bare: 6,
  "holder-down": 4,
  rejected: 5,
  "stale-table": 5,
  "few-ports": 4,
  unknown: 6,
  silent: 5,
  gone: 3,
  healthy: 142,
} as const satisfies Readonly<Record<Matter, number>>;

const ALERTS: Readonly<Record<Matter, readonly string[]>> = {
  healthy: [],
  held: [],
  stolen: ["PortreserveStolen", "PortreserveNotCovered"],
  bare: ["PortreserveNotCovered", "PortreserveProtectionFailed"],
  "holder-down": ["PortreserveHolderDown"],
  rejected: ["PortreserveRejectedLines"],
  "stale-table": ["PortreserveTableStale"],
  "few-ports": ["PortreservePortsLeftFew"],
  unknown: ["PortreserveUnknown"],
  silent: ["PortreserveLookStale"],
  gone: ["PortreserveLookMissing"],
};

export function twoHundred(): Host[] {
  const matters = Object.entries(HOSTS).flatMap(([matter, count]) => Array<Matter>(count).fill(matter as Matter));
  return matters.map((matter, at) => ({ name: `host${at}`, rack: `rack${Math.floor(at / 10)}`, matter }));
}

/** "HOST ALERT" of each alert that there should be, sorted. */
export function alertsOf(hosts: readonly Host[]): readonly string[] {
  return hosts.flatMap(({ name, matter }) => ALERTS[matter].map((alert) => `${name} ${alert}`)).sort();
}

/** The same of alerts that there are; a host may have one several times, for several causes. */
export function alertLines(alerts: readonly Labels[]): readonly string[] {
  return [...new Set(alerts.map(({ instance, alertname }) => `${instance} ${alertname}`))].sort();
}

/** How many notifications these alerts are. */
export function notifications(alerts: readonly Labels[], by: readonly string[]): number {
  return new Set(alerts.map((labels) => JSON.stringify(by.map((name) => labels[name] ?? "")))).size;
}

/** What the route for Alertmanager groups by. */
export function documentedGroups(): readonly string[] {
  const text = readFileSync(path.join(packageRoot, "scripts/fleet/prometheus/alertmanager.yml"), "utf8");
  return (/group_by: \[(.*)\]/.exec(text)?.[1] ?? "").split(", ");
}

const HOUR = 3_600_000;

/** `hosts` may change: each scrape has them as they are then, and `gone` takes effect with `lose`. */
export async function serveHosts(
  hosts: readonly Host[],
  scenes: Readonly<Record<Scene, string>>,
): Promise<{ readonly targets: readonly Target[]; readonly lose: () => void; readonly stop: () => void }> {
  let isLost = false;
  const server = createServer((request, response) => {
    const matter = hosts[Number(request.url?.slice(1))]?.matter ?? "healthy";
    const [scene, age] = matter === "silent" ? (["healthy", 2 * HOUR] as const) : ([matter, 0] as const);
    const text = scene === "gone" ? (isLost ? "" : scenes.healthy) : scenes[scene];
    const looked = (Date.now() - age) / 1000;
    response.setHeader("Content-Type", "text/plain; version=0.0.4");
    response.end(text.replace(/^(portreserve_look_timestamp_seconds) .*$/m, `$1 ${looked}`));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    targets: hosts.map(({ name, rack }, at) => ({
      targets: [`127.0.0.1:${port}`],
      labels: { instance: name, rack, __metrics_path__: `/${at}` },
    })),
    lose: () => {
      isLost = true;
    },
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
