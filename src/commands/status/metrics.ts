// status as metrics, named and measured as node_exporter's own are.
import type { Coverage, PortHold, Verdict } from "../../coverage/coverage.ts";
import type { HostFacts } from "../../coverage/facts.ts";
import type { Metric, Sample } from "../../report/prometheus.ts";
import type { Figures } from "../coverage/figures.ts";
import { isThief } from "../coverage/words.ts";

/** The verdicts as values of a label: the codes of ours never have a space. */
const VERDICTS = [
  ["covered", "covered"],
  ["not covered", "not_covered"],
  ["unknown", "unknown"],
] as const satisfies readonly (readonly [Verdict, string])[];

/** `rejected`: undefined where the configuration cannot be read. */
export function statusMetrics(
  { time, setup, holder }: Pick<HostFacts, "time" | "setup" | "holder">,
  coverage: Coverage,
  { reserved, allocators, stolen, unknown, holds }: Figures,
  rejected: number | undefined,
): readonly Metric[] {
  const { since, state } = setup.table;
  return [
    gauge("build_info", "The version of portreserve that has looked.", [
      { labels: { version: setup.manager.own }, value: 1 },
    ]),
    gauge("look_timestamp_seconds", "When the host was looked at, in seconds since 1970.", [{ value: time / 1000 }]),
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
      VERDICTS.map(([verdict, code]) => ({ labels: { verdict: code }, value: allocators[verdict] })),
    ),
    gauge(
      "uncovered_allocators",
      "Allocators that are not covered or unknown, by the check that decided.",
      uncoveredSamples(coverage),
    ),
    gauge(
      "failed_check",
      "A question about the protection itself that has a bad answer, or none.",
      coverage.answers
        .filter(({ state: answer }) => answer !== "good")
        .map(({ id, state: answer }) => ({ labels: { check: id, state: answer }, value: 1 })),
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
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name: `portreserve_${name}`, help, type: "gauge", samples };
}

function keptPorts({ ports }: Coverage, kind: PortHold["kind"]): number {
  return ports.filter(({ hold }) => hold?.kind === kind && hold.state === "held").length;
}

function uncoveredSamples({ allocators }: Coverage): readonly Sample[] {
  return VERDICTS.filter(([verdict]) => verdict !== "covered").flatMap(([verdict, code]) => {
    const rows = allocators.filter((one) => one.verdict === verdict);
    const counts = new Map<string, number>();
    // One that stands for a number that nobody knows has none.
    for (const { check, count } of rows) counts.set(check, (counts.get(check) ?? 0) + Math.max(1, count));
    return [...counts].map(([reason, value]) => ({ labels: { reason, verdict: code }, value }));
  });
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
