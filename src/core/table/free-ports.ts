// How many ports a configuration leaves to the allocators, and when that is too few to write it down.
import type { Configuration, Diagnostic, Protocol } from "../config/types.ts";

/** The range that bindresvport() hands out first: all of it is meant for allocators. */
export const ALLOCATOR_RANGE = { first: 600, last: 1023 } as const;

/** The fewest ports of ALLOCATOR_RANGE, for each protocol, that a table may leave without --force. */
export const FREE_PORTS_MINIMUM = 32;

/** Ports of ALLOCATOR_RANGE that are not reserved for this protocol, 0 to 424. */
export function freePorts(configuration: Configuration, protocol: Protocol): number {
  const { first, last } = ALLOCATOR_RANGE;
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
  const { first, last } = ALLOCATOR_RANGE;
  const tcp = freePorts(configuration, "tcp");
  const udp = freePorts(configuration, "udp");
  const least = Math.min(tcp, udp);
  if (least >= FREE_PORTS_MINIMUM) return undefined;
  const protocols = tcp === udp ? "tcp and udp" : tcp < udp ? "tcp" : "udp";
  const left = least === 0 ? "no port" : least === 1 ? "only 1 port" : `only ${least} ports`;
  return {
    severity: "error",
    code: "too-few-free-ports",
    message: `${left} of ${first} to ${last} would be left to hand out for ${protocols}, and programs need at least ${FREE_PORTS_MINIMUM}`,
    hint: "reserve fewer ports, or use --force to compile it as it is",
  };
}
