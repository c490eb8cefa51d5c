// status as metrics, named and measured as node_exporter's own are.
import type { Coverage, PortHold, Verdict } from "../../coverage/coverage.ts";
import type { HostFacts } from "../../coverage/facts.ts";
import type { Metric, Sample } from "../../report/prometheus.ts";
import type { Figures } from "../coverage/figures.ts";
import { isThief } from "../coverage/words.ts";

const VERDICTS: readonly Verdict[] = ["covered", "not covered", "unknown"];

/** `rejected`: undefined where the configuration cannot be read. */
export function statusMetrics(
  { time, setup, holder }: Pick<HostFacts, "time" | "setup" | "holder">,
  coverage: Coverage,
  { reserved, allocators, stolen, unknown, holds }: Figures,
  rejected: number | undefined,
): readonly Metric[] {
  const { since, state } = setup.table;
  return [
    gauge(
      "covered",
      "Whether nothing on this host can take or has taken a reserved port: 1 if so, 0 if not or unknown.",
      [{ value: bit(coverage.verdict === "covered") }],
    ),
    gauge("reservations", "Ports below 1024 that are reserved.", [
      { labels: { protocol: "tcp" }, value: reserved.tcp },
      { labels: { protocol: "udp" }, value: reserved.udp },
    ]),
    gauge(
      "allocators",
      "Processes, programs and parts of the kernel that can hand out a privileged port.",
      VERDICTS.map((verdict) => ({ labels: { verdict }, value: allocators[verdict] })),
    ),
    gauge("stolen_ports", "Reserved ports that an allocator or the kernel holds.", [{ value: stolen }]),
    gauge("stolen_port", "A reserved port that an allocator or the kernel holds, and the unit of its thief.", [
      ...stolenSamples(coverage),
    ]),
    gauge(
      "ports_left",
      "Ports from 512 to 1023 that are neither reserved nor taken: with none left, programs that ask for one fail.",
      coverage.portsLeft === undefined
        ? []
        : (["tcp", "udp"] as const).map((protocol) => ({
            labels: { protocol },
            value: coverage.portsLeft?.[protocol] ?? 0,
          })),
    ),
    gauge(
      "held_ports",
      "Ports below 1024 that portreserve-hold keeps from everybody who does not share them, or from everybody.",
      (["hold", "block"] as const).map((kind) => ({ labels: { kind }, value: keptPorts(coverage, kind) })),
    ),
    gauge("hold_refused_ports", "Ports below 1024 that are to be held or blocked, and are not.", [
      { value: holds.missing },
    ]),
    gauge("hold_unknown_ports", "Ports below 1024 of which it is not known whether they are held or blocked.", [
      { value: holds.unknown },
    ]),
    gauge(
      "holder_running",
      "Whether portreserve-hold runs: 1 if so, 0 if not.",
      holder === undefined || holder.kind === "unknown" ? [] : [{ value: bit(holder.kind === "running") }],
    ),
    gauge("unknown_ports", "Reserved ports that somebody holds who cannot be seen.", [{ value: unknown }]),
    gauge(
      "rejected_lines",
      "Lines and files of the configuration that are rejected, so that nothing reserves what they ask for.",
      rejected === undefined ? [] : [{ value: rejected }],
    ),
    gauge("table_fresh", "Whether the table in force was compiled from just this configuration.", [
      { value: bit(state === "fresh") },
    ]),
    gauge(
      "table_compiled_timestamp_seconds",
      "When the table was compiled, in seconds since 1970.",
      since === undefined ? [] : [{ value: since / 1000 }],
    ),
    gauge(
      "table_age_seconds",
      "How old the table was when this was written.",
      since === undefined ? [] : [{ value: Math.max(0, time - since) / 1000 }],
    ),
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name: `portreserve_${name}`, help, type: "gauge", samples };
}

function keptPorts({ ports }: Coverage, kind: PortHold["kind"]): number {
  return ports.filter(({ hold }) => hold?.kind === kind && hold.state === "held").length;
}

function stolenSamples({ ports }: Coverage): readonly Sample[] {
  return ports
    .filter(({ state }) => state === "stolen")
    .flatMap(({ port, protocol, holders }) => {
      const units = new Set(holders.filter(isThief).map(({ unit }) => unit ?? ""));
      return [...units].map((unit) => ({ labels: { port: String(port), protocol, unit }, value: 1 }));
    });
}

function bit(yes: boolean): number {
  return yes ? 1 : 0;
}
