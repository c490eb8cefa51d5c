// Which mechanism keeps a reserved port from being handed out: it depends on the allocators that can reach the port.

/** `preload`: the shim and its table. `ephemeral`: the kernel's own list. `none`: nothing hands it out. */
export type MechanismName = "preload" | "ephemeral" | "none";

/** The ports that bindresvport and rresvport choose from: nothing they hand out is outside. */
export const ALLOCATED_PORTS = { first: 512, last: 1023 } as const;

/** One mechanism, and the ports it is for. */
export interface Mechanism {
  readonly name: MechanismName;
  /** First and last port, inclusive. */
  readonly first: number;
  readonly last: number;
  /** One line for people: who would hand the port out, and what keeps them from it. */
  readonly explanation: string;
}

/** Every port from 1 to 65535 belongs to exactly one of these; ascending. */
export const MECHANISMS: readonly Mechanism[] = [
  {
    name: "none",
    first: 1,
    last: ALLOCATED_PORTS.first - 1,
    explanation: "no library hands out ports below 512, so nothing is needed",
  },
  {
    name: "preload",
    first: ALLOCATED_PORTS.first,
    last: ALLOCATED_PORTS.last,
    explanation:
      "bindresvport and rresvport hand these out; programs that run with the shim step over the ones in the table",
  },
  {
    name: "ephemeral",
    first: ALLOCATED_PORTS.last + 1,
    last: 65535,
    explanation:
      "the kernel hands these out, unless they are in its list: 'portreservectl mechanisms apply ephemeral' puts them there",
  },
];

/** The mechanism for a port. Throws RangeError for a number that is not a port from 1 to 65535. */
export function mechanismFor(port: number): Mechanism {
  const mechanism = MECHANISMS.find(({ first, last }) => Number.isInteger(port) && first <= port && port <= last);
  if (mechanism === undefined) throw new RangeError(`not a port: ${port}`);
  return mechanism;
}
