// How many ports a configuration leaves to the allocators, and when that is too few to write it down.
import type { Configuration, Diagnostic, Protocol } from "../config/types.ts";
import { enumerate } from "../text.ts";

/** Ports from `first` to `last`, inclusive. */
export interface PortSpan {
  readonly first: number;
  readonly last: number;
}

/** The range that bindresvport() hands out first: all of it is meant for allocators. */
export const ALLOCATOR_RANGE = { first: 600, last: 1023 } as const satisfies PortSpan;

/** The fewest ports of ALLOCATOR_RANGE, for each protocol, that a table may leave without --force. */
export const FREE_PORTS_MINIMUM = 32;

/** Ports of the range that are not reserved for this protocol. */
export function freePorts(
  configuration: Configuration,
  protocol: Protocol,
  { first, last }: PortSpan = ALLOCATOR_RANGE,
): number {
  const taken = new Set<number>();
  for (const row of configuration.reservations) {
    if (row.protocol === protocol && row.port >= first && row.port <= last) taken.add(row.port);
  }
  return last - first + 1 - taken.size;
}

/** What the worse-off protocol has left: allocators of either one starve alone, so the smaller number counts. */
export function unreservedPorts(configuration: Configuration): number {
  return Math.min(freePorts(configuration, "tcp"), freePorts(configuration, "udp"));
}

/** The reason to refuse this configuration without --force, or undefined where there is none. */
export function tooFewFreePorts(configuration: Configuration): Diagnostic | undefined {
  const tcp = freePorts(configuration, "tcp");
  const udp = freePorts(configuration, "udp");
  const least = Math.min(tcp, udp);
  if (least >= FREE_PORTS_MINIMUM) return undefined;
  const protocols = tcp === udp ? BOTH : tcp < udp ? (["tcp"] as const) : (["udp"] as const);
  return {
    severity: "error",
    code: "too-few-free-ports",
    message: `${tooFewMessage(least, ALLOCATOR_RANGE, protocols)}, and programs need at least ${FREE_PORTS_MINIMUM}`,
    hint: "reserve fewer ports, or use --force to compile it as it is",
  };
}

const BOTH: readonly Protocol[] = ["tcp", "udp"];

/** "only 3 ports of 600 to 1023 would be left to hand out for tcp" */
export function tooFewMessage(count: number, { first, last }: PortSpan, protocols: readonly Protocol[]): string {
  const left = count === 0 ? "no port" : count === 1 ? "only 1 port" : `only ${count} ports`;
  return `${left} of ${first} to ${last} would be left to hand out for ${enumerate(protocols)}`;
}
