// The proof: which allocations a probe has to play until nothing is left, and whether what it got is just what it may get.
import type { Protocol } from "../../core/config/types.ts";
import { ALLOCATED_PORTS } from "../../core/mechanism.ts";
import { REPLACED } from "../../coverage/allocators.ts";

export type ProbedSymbol = (typeof REPLACED)[number];
export type Family = "inet" | "inet6";

/** One function, called in one way until it fails. */
export interface ProofRun {
  readonly symbol: ProbedSymbol;
  readonly protocol: Protocol;
  readonly family: Family;
  /** What the caller passes in: an address without a port, or none at all, as most RPC programs do. */
  readonly address: "any" | "null";
}

/** Which ports must not be handed out, and which cannot be since the table in force has them. */
export interface ProofPorts {
  readonly reserved: Readonly<Record<Protocol, readonly number[]>>;
  readonly inTable: Readonly<Record<Protocol, readonly number[]>>;
}

/** What one run came to. */
export interface ProofRow extends ProofRun {
  readonly abi: string;
  /** The file that the function came from; undefined where nothing has it. */
  readonly provider: string | undefined;
  /** Different ports. */
  readonly handedOut: number;
  readonly reservedHandedOut: readonly number[];
  /** Neither handed out nor in the table. */
  readonly missing: readonly number[];
  /** Ports above 1023 were asked for, of the shim's twin. */
  readonly isHigh: boolean;
  /** Everything that is wrong, in words that follow the function's name; none if it is good. */
  readonly faults: readonly string[];
  readonly good: boolean;
}

/** rresvport() makes its own socket, for TCP; only bindresvport_sa() and its like are called without an address. */
export const PROOF_RUNS: readonly ProofRun[] = REPLACED.flatMap((symbol): ProofRun[] => {
  const any = (protocol: Protocol, family: Family): ProofRun => ({ symbol, protocol, family, address: "any" });
  if (symbol === "rresvport") return [any("tcp", "inet")];
  if (symbol === "rresvport_af") return [any("tcp", "inet"), any("tcp", "inet6")];
  const both = (["tcp", "udp"] as const).flatMap((protocol) => [any(protocol, "inet"), any(protocol, "inet6")]);
  if (symbol.startsWith("gssrpc_")) return both;
  return [
    ...both,
    ...both.filter(({ family }) => family === "inet6").map((run) => ({ ...run, address: "null" as const })),
  ];
});

/** The probe's arguments. None has a blank in it. `isHigh`: a few ports have to do, since the kernel has too many. */
export function probeArguments({ symbol, protocol, family, address }: ProofRun, isHigh: boolean): string {
  const until = isHigh ? "--count 3" : "--exhaust";
  return `--symbol ${symbol} --protocol ${protocol} --family ${family} --address ${address} ${until}`;
}

/** The probe's arguments for the question where each function comes from. */
export const WHICH = "--which";

/** What the probe printed, and its exit status. */
export interface ProbeAnswer {
  readonly stdout: string;
  readonly status: number;
}

/** The file that each function comes from, by the answer to `WHICH`; undefined for an answer that is none. */
export function providersIn({ stdout, status }: ProbeAnswer): ReadonlyMap<string, string | undefined> | undefined {
  const found = new Map<string, string | undefined>();
  for (const line of documentsIn(stdout)) {
    if (typeof line.symbol === "string")
      found.set(line.symbol, typeof line.object === "string" ? line.object : undefined);
  }
  return status === 0 && REPLACED.every((symbol) => found.has(symbol)) ? found : undefined;
}

export interface ProofContext {
  readonly abi: string;
  /** The shim's file for this ABI, or its twin's; undefined where it is not known. */
  readonly shim: string | undefined;
  readonly isHigh: boolean;
  readonly providers: ReadonlyMap<string, string | undefined>;
  readonly ports: ProofPorts;
}

/**
 * One row for each run, but for those that this host cannot play: a family that its kernel does not have, and a
 * function that nothing has, as long as the shim, which has all, is nowhere.
 */
export function judgeRuns(
  context: ProofContext,
  played: readonly { readonly run: ProofRun; readonly answer: ProbeAnswer }[],
): readonly ProofRow[] {
  const { shim, providers } = context;
  const hasShim = shim !== undefined && [...providers.values()].includes(shim);
  return played.flatMap(({ run, answer }) => {
    const provider = providers.get(run.symbol);
    if (provider === undefined && !hasShim) return [];
    const { ports, error } = gotten(answer);
    if (run.family === "inet6" && ports.length === 0 && error === "EAFNOSUPPORT") return [];
    return [rowOf(context, run, provider, ports, error ?? `status ${answer.status}`)];
  });
}

function rowOf(
  { abi, shim, isHigh, ports: { reserved, inTable } }: ProofContext,
  run: ProofRun,
  provider: string | undefined,
  ports: readonly number[],
  end: string,
): ProofRow {
  const got = new Set(ports);
  const stolen = ascending(reserved[run.protocol].filter((port) => got.has(port)));
  const table = new Set(inTable[run.protocol]);
  const missing = (isHigh ? [] : RANGE).filter((port) => !got.has(port) && !table.has(port));
  const twice = repeated(ports);
  const outside = ascending(
    ports.filter((port) => (isHigh ? port < 1024 : port < ALLOCATED_PORTS.first || port > ALLOCATED_PORTS.last)),
  );
  // What another function hands out, and how it ends, is its own affair: only what it steals matters.
  const isShim = provider !== undefined && provider === shim;
  const faults = [
    ...(provider === undefined ? ["is not there"] : []),
    ...(provider !== undefined && provider !== shim
      ? [`comes from '${provider}', not from the ${isHigh ? "high-ports library" : "shim"}`]
      : []),
    ...(stolen.length > 0 ? [`handed out what is reserved: ${portList(stolen)}`] : []),
    ...(isShim && missing.length > 0 ? [`never handed out ${portList(missing)}, and ended with ${end}`] : []),
    ...(twice.length > 0 ? [`handed out twice: ${portList(twice)}`] : []),
    ...(outside.length > 0 ? [`handed out what nothing should: ${portList(outside)}`] : []),
    ...(isHigh && ports.length === 0 ? [`gave no port, and ended with ${end}`] : []),
    ...(isHigh || ENDS.has(end) || !isShim || missing.length > 0 ? [] : [`ended with ${end}`]),
  ];
  return {
    ...run,
    abi,
    provider,
    handedOut: got.size,
    reservedHandedOut: stolen,
    missing: provider === undefined ? [] : missing,
    isHigh,
    faults,
    good: faults.length === 0,
  };
}

/** How an allocator says that no port is left. */
const ENDS: ReadonlySet<string> = new Set(["EADDRINUSE", "EAGAIN"]);

const RANGE: readonly number[] = Array.from(
  { length: ALLOCATED_PORTS.last - ALLOCATED_PORTS.first + 1 },
  (_, at) => ALLOCATED_PORTS.first + at,
);

function repeated(ports: readonly number[]): readonly number[] {
  const [once, again] = [new Set<number>(), new Set<number>()];
  for (const port of ports) (once.has(port) ? again : once).add(port);
  return ascending([...again]);
}

function ascending(ports: readonly number[]): readonly number[] {
  return [...new Set(ports)].sort((a, b) => a - b);
}

/** "631, 700 to 703 and 800"; the first few of many. */
export function portList(ports: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const port of ports) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === port - 1) last[1] = port;
    else ranges.push([port, port]);
  }
  const texts = ranges.map(([first, last]) => (first === last ? `${first}` : `${first} to ${last}`));
  if (texts.length > SHOWN_RANGES) return `${texts.slice(0, SHOWN_RANGES).join(", ")} and more, ${ports.length} in all`;
  return texts.length < 2 ? texts.join("") : `${texts.slice(0, -1).join(", ")} and ${texts.at(-1)}`;
}

const SHOWN_RANGES = 8;

/** The errno's name that its last line tells, if it does. */
export function errorOf({ stdout }: ProbeAnswer): string | undefined {
  const error = documentsIn(stdout).at(-1)?.error;
  return typeof error === "string" ? error : undefined;
}

function gotten(answer: ProbeAnswer): { readonly ports: readonly number[]; readonly error: string | undefined } {
  return {
    ports: documentsIn(answer.stdout).flatMap(({ port }) => (typeof port === "number" ? [port] : [])),
    error: errorOf(answer),
  };
}

/** Each line that is a JSON object. */
function documentsIn(stdout: string): readonly Readonly<Record<string, unknown>>[] {
  return stdout.split("\n").flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line);
      return typeof value === "object" && value !== null ? [value as Readonly<Record<string, unknown>>] : [];
    } catch {
      return [];
    }
  });
}
