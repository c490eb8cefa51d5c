// What a plan is made from: of each port that was asked for, every socket, who has it open, and what portreserve-hold has.

import type { PortPlace } from "../../core/hold/port-lines.ts";
import { isUnseen } from "../../core/seen.ts";
import { unique } from "../../core/text.ts";
import type { Coverage, PortState } from "../../coverage/coverage.ts";
import type { HostFacts } from "../../coverage/facts.ts";
import { ownerUnit } from "../../coverage/hints.ts";
import { hostOf } from "../../coverage/host.ts";
import { shownFileName } from "../../coverage/names.ts";
import type { SocketFacts } from "../../coverage/socket-facts.ts";
import { readHolder } from "../../observe/holder/read-holder.ts";
import { hasOtherUsers, type OpenSocket, readOpenSockets } from "../../observe/sockets/read-open-sockets.ts";
import { HOLDER_PROGRAM } from "../../system/paths.ts";
import { isRefused, type Refused } from "../../system/proc/process-files.ts";
import type { FoundHolder, FoundPort, FoundSocket, SocketUser } from "./plan.ts";

/** `facts` and what they come to are of one look at the host. */
export function gather(places: readonly PortPlace[], facts: HostFacts, coverage: Coverage): readonly FoundPort[] {
  const host = hostOf(facts);
  const holder = readHolder();
  const pid = holder.kind === "running" ? holder.state.pid : undefined;
  return places.map((place): FoundPort => {
    const state = coverage.ports.find(({ port, protocol }) => port === place.port && protocol === place.protocol);
    const owners = state?.owners ?? [];
    const sockets = facts.sockets.filter(({ port, protocol }) => port === place.port && protocol === place.protocol);
    const { unseen } = facts.socketsUnseen ?? {};
    return {
      ...place,
      reserved: state?.reserved ?? false,
      owners,
      ownerUnits: unique(owners.flatMap((owner) => ownerUnit(owner, host) ?? [])),
      unitsUnseen: isUnseen(facts.units) ? facts.units.unseen : undefined,
      kind: state?.kind ?? "reserve",
      sockets: [
        ...sockets.filter((socket) => !isHolders(socket, facts, pid)).map((socket) => found(socket, state, facts)),
        ...(unseen === undefined ? [] : [hidden(unseen)]),
      ],
      holder: pid === undefined ? without(holder) : heldBy(pid, place),
      kernel: {
        rpcClient: facts.kernel.sunrpc !== undefined,
        plan9: (facts.kernel.plan9 ?? []).map(({ target }) => target),
      },
    };
  });
}

/** Its own are what it holds, and one that was not found by its state has that name. systemd keeps copies of them. */
function isHolders({ holders }: SocketFacts, { processes }: HostFacts, pid: number | undefined): boolean {
  if (isUnseen(holders) || holders.length === 0) return false;
  const named = (one: number): boolean =>
    processes.some((process) => process.pid === one && nameOf(process) === HOLDER_PROGRAM);
  if (pid !== undefined && holders.includes(pid)) return true;
  const others = holders.filter((one) => one !== 1);
  return others.length > 0 && others.every(named);
}

function nameOf({ program }: HostFacts["processes"][number]): string | undefined {
  return isUnseen(program) ? undefined : shownFileName(program);
}

function without(holder: ReturnType<typeof readHolder>): FoundHolder {
  return holder.kind === "unknown" ? holder : { kind: "none" };
}

/** By its descriptors: before Linux 6.8 the kernel lists no socket of TCP that is bound and does nothing. */
export function heldBy(pid: number, { port, protocol }: PortPlace): FoundHolder {
  const open = readOpenSockets(pid, () => true);
  if (isRefused(open)) return { kind: "unknown", reason: `its sockets cannot be looked at (${open.errno})` };
  const number = PROTOCOLS[protocol];
  const mine = open.filter(({ socket }) => socket.port === port && socket.protocol === number);
  return {
    kind: "running",
    families: unique(mine.map(({ socket }) => (socket.family === AF_INET6 ? "inet6" : "inet"))),
  };
}

const PROTOCOLS = { tcp: 6, udp: 17 } as const;
const AF_INET6 = 10;

function hidden(reason: string): FoundSocket {
  return { family: "inet", address: "", state: "bound", inode: 0, by: { kind: "unseen", reason } };
}

function found(socket: SocketFacts, port: PortState | undefined, facts: HostFacts): FoundSocket {
  const { family, address, state, inode, holders } = socket;
  return { family, address, state, inode, by: byOf(socket, holders, port, facts) };
}

function byOf(
  { address, state, inode }: SocketFacts,
  holders: SocketFacts["holders"],
  port: PortState | undefined,
  facts: HostFacts,
): FoundSocket["by"] {
  if (isUnseen(holders)) return { kind: "unseen", reason: holders.unseen };
  const judged = (pid: number | undefined) =>
    port?.holders.find((one) => one.pid === pid && one.address === address && one.state === state);
  if (holders.length === 0) {
    const one = judged(undefined);
    // Nobody can say that no process has it.
    if (one?.verdict === "unknown") return { kind: "unseen", reason: one.name };
    return { kind: "kernel", name: one?.name ?? "nobody", verdict: one?.verdict ?? "unjudged" };
  }
  return { kind: "processes", users: holders.map((pid) => user(pid, inode, judged(pid), facts)) };
}

function user(
  pid: number,
  inode: number,
  holder: PortState["holders"][number] | undefined,
  { processes }: HostFacts,
): SocketUser {
  const network = processes.find((process) => process.pid === pid)?.network;
  return {
    pid,
    name: holder?.name ?? "process",
    unit: holder?.unit,
    verdict: holder?.verdict ?? "unknown",
    apart: apartness(pid, network),
    place: placeOf(readOpenSockets(pid, (one) => one === inode)),
  };
}

function apartness(pid: number, network: HostFacts["processes"][number]["network"] | undefined): string | undefined {
  if (network === "other") return "it is in another network than the host";
  if (network === undefined || isUnseen(network)) return "in which network it is cannot be seen";
  return hasOtherUsers(pid) ? "it is in a user namespace of its own, as a container is" : undefined;
}

function placeOf(open: readonly OpenSocket[] | Refused): SocketUser["place"] {
  if (isRefused(open)) return `${open.errno}`;
  const [one] = open;
  return one === undefined ? "it is no longer open" : { fd: one.fd, shares: one.socket.reuseAddress };
}
