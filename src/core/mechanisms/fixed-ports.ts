// Which port each RPC daemon gets: what its administrator gave it, else what it was given before, else one that nobody has.
import type { Protocol } from "../config/types.ts";

/** Daemons by the names of their programs; lockd is the kernel's. */
export type FixedName = "rpc.statd" | "sm-notify" | "lockd" | "rpc.mountd" | "ypserv" | "rpc.yppasswdd" | "rpc.rquotad";

export interface FixedKind {
  readonly name: FixedName;
  /** 2: the next port is taken for IPv6, whatever is asked for. */
  readonly count: 1 | 2;
  /** Its peers refuse it on a port above 1023. */
  readonly privileged: boolean;
  /** Where it serves on one alone. */
  readonly protocol?: Protocol;
}

/** In the order in which they are given ports. */
export const FIXED_KINDS: readonly FixedKind[] = [
  { name: "rpc.statd", count: 1, privileged: false },
  { name: "sm-notify", count: 1, privileged: true, protocol: "udp" },
  { name: "lockd", count: 1, privileged: false },
  { name: "rpc.mountd", count: 1, privileged: false },
  { name: "ypserv", count: 2, privileged: true },
  { name: "rpc.yppasswdd", count: 2, privileged: true },
  { name: "rpc.rquotad", count: 1, privileged: false },
];

/** A daemon's port and, for a count of 2, the one above. Both protocols, unless it says one. */
export interface FixedPort {
  readonly name: FixedName;
  readonly port: number;
  readonly count: 1 | 2;
  readonly protocol?: Protocol;
}

export interface FixedInput {
  readonly kinds: readonly FixedKind[];
  /** What administrators have set. */
  readonly given: readonly FixedPort[];
  /** What our own file says. */
  readonly chosen: readonly FixedPort[];
  /** Reserved for somebody else, named, or in use: asked only where a new number is needed. */
  readonly isTaken: (port: number) => boolean;
}

export interface FixedPlan {
  readonly ports: readonly (FixedPort & { readonly given: boolean })[];
  /** For these no port is left. */
  readonly without: readonly FixedName[];
}

export function planFixed({ kinds, given, chosen, isTaken }: FixedInput): FixedPlan {
  const ports: (FixedPort & { given: boolean })[] = [];
  const without: FixedName[] = [];
  const used = new Set(given.flatMap(numbersOf));
  const kept = kinds.map((kind) => keptFor(kind, given, chosen, used));
  for (const number of kept.flat().flatMap(numbersOf)) used.add(number);
  for (const [at, kind] of kinds.entries()) {
    const known = kept[at] ?? [];
    const isGiven = given.some(({ name }) => name === kind.name);
    const port = known.length > 0 ? undefined : firstFree(kind, (number) => used.has(number) || isTaken(number));
    if (known.length === 0 && port === undefined) without.push(kind.name);
    for (const one of port === undefined ? known : [portOf(kind, port)]) {
      ports.push({ ...one, given: isGiven });
      for (const number of numbersOf(one)) used.add(number);
    }
  }
  return { ports, without };
}

function keptFor(
  kind: FixedKind,
  given: readonly FixedPort[],
  chosen: readonly FixedPort[],
  used: ReadonlySet<number>,
): readonly FixedPort[] {
  const byAdministrator = given.filter(({ name }) => name === kind.name);
  if (byAdministrator.length > 0) return byAdministrator;
  const before = chosen.find(({ name, count, protocol }) => {
    return name === kind.name && count === kind.count && protocol === kind.protocol;
  });
  return before === undefined || numbersOf(before).some((number) => used.has(number)) ? [] : [before];
}

function portOf({ name, count, protocol }: FixedKind, port: number): FixedPort {
  return { name, port, count, ...(protocol === undefined ? {} : { protocol }) };
}

/** Its ports, ascending. */
export function numbersOf({ port, count }: Pick<FixedPort, "port" | "count">): readonly number[] {
  return count === 2 ? [port, port + 1] : [port];
}

interface Span {
  readonly first: number;
  readonly last: number;
}

/**
 * Where a port costs least, each from its end: what bindresvport() hands out last; then what the NFS client never takes;
 * then the rest of the privileged ones; then those below every range from which kernels choose by default.
 */
const PRIVILEGED: readonly Span[] = [
  { first: 512, last: 599 },
  { first: 600, last: 664 },
  { first: 665, last: 1023 },
];
const HIGH: Span = { first: 1024, last: 32_767 };

function firstFree({ count, privileged }: FixedKind, isTaken: (port: number) => boolean): number | undefined {
  for (const { first, last } of privileged ? PRIVILEGED : [...PRIVILEGED, HIGH]) {
    for (let port = last - count + 1; port >= first; port -= 1) {
      if (!numbersOf({ port, count }).some(isTaken)) return port;
    }
  }
  return undefined;
}
