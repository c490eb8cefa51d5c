// What a look at the host is for a monitoring system: one of its four states, why, numbers, and what helps.

import { FREE_PORTS_MINIMUM } from "../../core/table/free-ports.ts";
import { counted, enumerate } from "../../core/text.ts";
import type { Allocator, Coverage, HostAnswer, PortState } from "../../coverage/coverage.ts";
import type { PerformanceDatum, PluginResult } from "../../report/plugin.ts";
import { alikeAllocators, curesOf } from "../coverage/allocator-groups.ts";
import { type Figures, figuresOf } from "../coverage/figures.ts";
import { fewOf, holdersOf, holderText, portText } from "../coverage/words.ts";
import { forWhom } from "./headline.ts";
import { isPartOf } from "./setup-rows.ts";

export interface PluginInput {
  readonly coverage: Coverage;
  readonly asRoot: boolean;
  /** Lines and files of the configuration that are rejected. */
  readonly rejected: number;
  readonly verbose: boolean;
}

/** Lines below the first, without --verbose: some transports cut off what is longer than a KiB or four. */
const MOST_DETAILS = 12;
const MOST_NAMES = 5;
const MOST_PARTS = 4;
/** Such as of processes that are hidden, of which there may be none. */
const UNSEEN = "not everything can be seen";
/** Ports from 512 to 1023. */
const ALL_PORTS = 512;

/**
 * The worst of what was seen. `CRITICAL`: a reserved port is stolen, so that a service cannot start. `WARNING`: one can be
 * stolen, or rejected lines reserve nothing, or ports run out. `UNKNOWN`: nothing of that, but not all could be seen.
 */
export function pluginResult(input: PluginInput): PluginResult {
  const { coverage, rejected, verbose } = input;
  const figures = figuresOf(coverage);
  const warnings = warningsOf(coverage, figures, rejected);
  const unknowns = unknownsOf(coverage, figures);
  const stolen = coverage.ports.filter(({ state }) => state === "stolen");
  const parts = [
    ...(stolen.length === 0 ? [] : [`${counted(stolen.length, "port")} stolen: ${names(stolen.map(portText))}`]),
    ...warnings,
    ...unknowns,
  ];
  const state =
    stolen.length > 0
      ? "CRITICAL"
      : warnings.length > 0 || coverage.verdict === "not covered"
        ? "WARNING"
        : unknowns.length > 0 || coverage.verdict === "unknown"
          ? "UNKNOWN"
          : "OK";
  const all = details(input, stolen);
  const shown = verbose || all.length <= MOST_DETAILS ? all : all.slice(0, MOST_DETAILS - 1);
  const left = all.length - shown.length;
  return {
    state,
    summary: state === "OK" ? healthy(coverage, figures) : names(parts.length === 0 ? [UNSEEN] : parts, MOST_PARTS),
    data: performance(coverage, figures, rejected),
    details: [...shown, ...(left === 0 ? [] : [`${left} more lines: portreservectl status`])],
  };
}

function names(all: readonly string[], most = MOST_NAMES): string {
  return fewOf(all, most);
}

function healthy({ owners, ports }: Coverage, { reserved, allocators }: Figures): string {
  const all = counted(allocators.covered, "allocator");
  return `${counted(reserved.tcp + reserved.udp, "port")} reserved ${forWhom(owners, ports)}, ${all} covered, nothing stolen`;
}

function warningsOf(coverage: Coverage, figures: Figures, rejected: number): readonly string[] {
  const { portsLeft } = coverage;
  const scarce = (["tcp", "udp"] as const).filter((it) => (portsLeft?.[it] ?? ALL_PORTS) < FREE_PORTS_MINIMUM);
  return [
    ...answers(coverage, "bad"),
    ...allocatorsPart(figures, "not covered"),
    ...(rejected === 0 ? [] : [`${counted(rejected, "line or file", "lines or files")} rejected`]),
    ...scarce.map((protocol) => `only ${counted(portsLeft?.[protocol] ?? 0, `${protocol} port`)} left to hand out`),
  ];
}

function unknownsOf(coverage: Coverage, figures: Figures): readonly string[] {
  const { unknown } = figures;
  return [
    ...answers(coverage, "unknown"),
    ...allocatorsPart(figures, "unknown"),
    ...(unknown === 0 ? [] : [`unknown who holds ${counted(unknown, "reserved port")}`]),
  ];
}

function allocatorsPart({ allocators }: Figures, verdict: "not covered" | "unknown"): readonly string[] {
  const all = allocators.covered + allocators["not covered"] + allocators.unknown;
  return allocators[verdict] === 0 ? [] : [`${allocators[verdict]} of ${counted(all, "allocator")} ${verdict}`];
}

function answers(coverage: Coverage, wanted: "bad" | "unknown"): readonly string[] {
  return openAnswers(coverage)
    .filter(({ state }) => state === wanted)
    .map(({ id, answer }) => `${id}: ${answer}`);
}

/** Where nothing is installed, that is the whole of it. */
function openAnswers({ answers: all }: Coverage): readonly HostAnswer[] {
  const preload = all.find(({ id }) => id === "preload");
  return all.filter((answer) => answer.state !== "good" && (answer === preload || !isPartOf(preload, answer)));
}

function performance({ portsLeft }: Coverage, figures: Figures, rejected: number): readonly PerformanceDatum[] {
  const { reserved, stolen, unknown, allocators, holds } = figures;
  return [
    { label: "stolen", value: stolen, critical: "0", least: 0 },
    { label: "not_covered", value: allocators["not covered"], warning: "0", least: 0 },
    { label: "unknown", value: allocators.unknown + unknown, least: 0 },
    { label: "covered", value: allocators.covered, least: 0 },
    { label: "reserved", value: reserved.tcp + reserved.udp, least: 0 },
    { label: "held", value: holds.held, least: 0 },
    { label: "rejected", value: rejected, warning: "0", least: 0 },
    ...(portsLeft === undefined ? [] : (["tcp", "udp"] as const)).map((protocol) => ({
      label: `left_${protocol}`,
      value: portsLeft?.[protocol] ?? 0,
      warning: `${FREE_PORTS_MINIMUM}:`,
      least: 0,
      most: ALL_PORTS,
    })),
  ];
}

/** Without the cures of what is stolen: each is a hint. */
function details({ coverage, asRoot }: PluginInput, stolen: readonly PortState[]): readonly string[] {
  const open = coverage.allocators.filter(({ verdict }) => verdict !== "covered");
  return [
    ...(asRoot ? [] : ["only root sees every process: see Monitoring in portreservectl(8) for a line of sudoers"]),
    ...stolen.map(
      (port) => `${portText(port)}, ${forOwners(port)}: stolen by ${names(holdersOf(port).map(holderText))}`,
    ),
    ...openAnswers(coverage).map(({ id, answer, hint }) => withCure(`${id}: ${answer}`, hint)),
    ...alikeAllocators(open).map(allocatorLine),
    ...coverage.hints.map(({ message, hint }) => withCure(message, hint)),
  ];
}

function forOwners({ owners }: PortState): string {
  return owners.length === 0 ? "reserved" : `reserved for ${enumerate(owners)}`;
}

function allocatorLine(alike: readonly [Allocator, ...Allocator[]]): string {
  const [{ verdict, reason }] = alike;
  const who = alike.map(({ name, pid }) => (pid === undefined ? name : `${name} ${pid}`));
  const cures = curesOf(alike);
  return withCure(
    `${verdict}: ${names(who)}${reason === undefined ? "" : `: ${reason}`}`,
    cures.length === 0 ? undefined : names(cures, 3),
  );
}

function withCure(text: string, hint: string | undefined): string {
  return hint === undefined ? text : `${text} -> ${hint}`;
}
