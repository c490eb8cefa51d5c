// Whether a port can be held: by what its owner's own sockets were told. An owner without SO_REUSEADDR could not start beside a hold.
import type { PortPlace } from "../core/hold/port-lines.ts";
import { isUnseen } from "../core/seen.ts";
import { unique } from "../core/text.ts";
import type { Coverage, Holder } from "./coverage.ts";
import type { HostFacts } from "./facts.ts";
import { processName } from "./running.ts";
import type { SharedSocket } from "./sharing-facts.ts";

/** Who has a port. */
export interface PortUser {
  /** The program's own file name, "the kernel", "systemd for cups.socket". */
  readonly name: string;
  readonly pid: number | undefined;
  readonly unit: string | undefined;
  /** No loader runs in it, so that nothing can be preloaded. */
  readonly isStatic: boolean;
}

/**
 * `shares`: all that have it have SO_REUSEADDR. `alone`: `users` are those without. `stolen`: only somebody who hands out
 * ports or connects from one has it. `nobody`: no one has it. `elsewhere`: nor has anyone, but `users` have the same port
 * of the other protocol, or somebody who cannot be seen. `unknown`: `why` completes "who has it is not known: …".
 */
export type PortUse =
  | { readonly kind: "shares" | "alone" | "stolen" | "elsewhere"; readonly users: readonly PortUser[] }
  | { readonly kind: "nobody" }
  | { readonly kind: "unknown"; readonly why: string; readonly rootWould: boolean };

export interface GateHost {
  readonly facts: Pick<HostFacts, "processes" | "objects" | "kernel" | "hidden" | "socketsUnseen">;
  readonly coverage: Pick<Coverage, "ports">;
  /** On the ports that are asked about, of both protocols. */
  readonly sockets: readonly SharedSocket[];
  /** The process of portreserve-hold, whose sockets are nobody's. */
  readonly holderPid: number | undefined;
}

export function portUse(place: PortPlace, host: GateHost): PortUse {
  const { hidden, kernel, socketsUnseen } = host.facts;
  const unlisted = socketsUnseen;
  if (unlisted !== undefined) return { kind: "unknown", why: unlisted.unseen, rootWould: unlisted.rootWould };
  const found = usersOn(place, host);
  if (found.length === 0) {
    const other = usersOn({ ...place, protocol: place.protocol === "tcp" ? "udp" : "tcp" }, host);
    const owners = other.filter(({ isThief }) => !isThief);
    return owners.length === 0 ? { kind: "nobody" } : { kind: "elsewhere", users: usersOf(owners) };
  }
  const unseen = found.map(({ socket }) => socket.holders).find(isUnseen);
  if (unseen !== undefined) return { kind: "unknown", why: unseen.unseen, rootWould: unseen.rootWould };
  if (found.some(({ socket: { holders } }) => !isUnseen(holders) && holders.length === 0)) {
    if (!kernel.seesEveryProcess) {
      return { kind: "unknown", why: "not every process can be seen from here", rootWould: false };
    }
    if (hidden !== undefined) return { kind: "unknown", why: hidden.unseen, rootWould: hidden.rootWould };
  }
  return judged(found);
}

function judged(found: readonly Found[]): PortUse {
  const owners = found.filter(({ isThief }) => !isThief);
  if (owners.length === 0) return { kind: "stolen", users: usersOf(found) };
  const alone = owners.filter(({ shares }) => shares === false);
  if (alone.length > 0) return { kind: "alone", users: usersOf(alone) };
  const unseen = owners.map(({ shares }) => shares).find(isUnseen);
  if (unseen !== undefined) return { kind: "unknown", why: unseen.unseen, rootWould: unseen.rootWould };
  return { kind: "shares", users: usersOf(owners) };
}

interface Found {
  readonly socket: SharedSocket;
  readonly user: PortUser | undefined;
  readonly isThief: boolean;
  readonly shares: boolean | Exclude<SharedSocket["sharing"], undefined | { readonly reuseAddress: boolean }>;
}

function usersOn({ port, protocol }: PortPlace, host: GateHost): readonly Found[] {
  const mine = host.sockets.filter(
    (socket) =>
      socket.port === port && socket.protocol === protocol && socket.state !== "ended" && !isOfHolder(socket, host),
  );
  const serves = protocol === "tcp" && mine.some(({ state }) => state === "listening");
  // What a server has accepted is on its port too.
  const all = serves ? mine.filter(({ state }) => state !== "connected") : mine;
  return all.map((socket) => foundOf(socket, host));
}

/** What a socket of UDP that holds a port is bound to: there is no such interface. Source: native/hold. */
const NO_INTERFACE = 0x7fffffff;

/** systemd keeps copies of its sockets; of its own it has none that is TCP and does not listen. */
function isOfHolder({ protocol, state, holders, sharing }: SharedSocket, { holderPid }: GateHost): boolean {
  if (isUnseen(holders)) return false;
  if (holderPid !== undefined && holders.includes(holderPid)) return true;
  if (holders.length !== 1 || holders[0] !== 1) return false;
  if (protocol === "tcp") return state === "bound";
  return sharing !== undefined && !isUnseen(sharing) && sharing.interfaceIndex === NO_INTERFACE;
}

function foundOf(socket: SharedSocket, host: GateHost): Found {
  const { holders, state, protocol } = socket;
  if (isUnseen(holders)) return { socket, user: undefined, isThief: false, shares: holders };
  const judgements = judgementsOn(socket, host);
  const verdicts = unique(judgements.map(({ verdict }) => verdict));
  const owns = verdicts.includes("owner");
  // A port that nobody has reserved yet is not called stolen; who connects from it is no server all the same.
  const isClient = protocol === "tcp" && state === "connected";
  if (holders.length === 0) return kernelOf(socket, owns, verdicts, host);
  const sharing = socket.sharing;
  const user = userOf(holders.find((pid) => pid !== 1) ?? 1, judgements, host);
  const shares = sharing === undefined ? false : isUnseen(sharing) ? sharing : sharing.reuseAddress;
  return { socket, user, isThief: !owns && (isClient || verdicts.includes("stolen")), shares };
}

/** Source: net/sunrpc/svcsock.c: what listens has the flag, and what receives datagrams has not. */
function kernelOf(
  socket: SharedSocket,
  owns: boolean,
  verdicts: readonly Holder["verdict"][],
  { facts }: GateHost,
): Found {
  const { protocol, state, port } = socket;
  const server = protocol === "tcp" ? state === "listening" : port > 1023 || facts.kernel.lockd?.udp === port;
  const user = { name: "the kernel", pid: undefined, unit: undefined, isStatic: true };
  const isThief = !owns && (verdicts.includes("stolen") ? !(protocol === "tcp" && server) : !server);
  return { socket, user, isThief, shares: protocol === "tcp" };
}

function judgementsOn({ port, protocol, address, state, holders }: SharedSocket, { coverage }: GateHost): Holder[] {
  const pids = isUnseen(holders) ? [] : holders;
  const place = coverage.ports.find((one) => one.port === port && one.protocol === protocol);
  return (place?.holders ?? []).filter(
    (one) =>
      one.address === address && one.state === state && (pids.length === 0 || pids.includes(one.pid ?? Number.NaN)),
  );
}

function userOf(pid: number, judgements: readonly Holder[], { facts }: GateHost): PortUser {
  const process = facts.processes.find((one) => one.pid === pid);
  const judged = judgements.find((one) => one.pid === pid);
  const name = judged?.name ?? (process === undefined ? `process ${pid}` : processName(process));
  const object = process?.executable === undefined ? undefined : facts.objects[process.executable];
  const elf = object === undefined || isUnseen(object.elf) ? undefined : object.elf;
  const [, socketUnit] = /^systemd for (.+)$/.exec(judged?.name ?? "") ?? [];
  return { name, pid, unit: socketUnit ?? process?.unit ?? judged?.unit, isStatic: elf?.isStatic ?? false };
}

function usersOf(found: readonly Found[]): readonly PortUser[] {
  return once(found.flatMap(({ user }) => (user === undefined ? [] : [user])));
}

function once(users: readonly PortUser[]): readonly PortUser[] {
  return [...new Map(users.map((user) => [`${user.pid} ${user.name}`, user])).values()];
}
