// Who holds the privileged ports, and whether rightly.

import type { Protocol } from "../core/config/types.ts";
import { heldPorts, kindsIn } from "../core/hold/held-ports.ts";
import { ALLOCATED_PORTS } from "../core/mechanism.ts";
import { isUnseen } from "../core/seen.ts";
import { compareText, unique } from "../core/text.ts";
import type { Holder, PortHold, PortState } from "./coverage.ts";
import type { ProcessFacts } from "./facts.ts";
import type { Host } from "./host.ts";
import { isNamedAfter, unitStem } from "./names.ts";
import { type Classified, processName } from "./running.ts";
import type { SocketFacts } from "./socket-facts.ts";
import type { UnitFacts } from "./unit-facts.ts";

/** A process, and whether it allocates. */
export interface Known {
  readonly process: ProcessFacts;
  readonly kind: Classified["kind"];
}

/** One for each port of each protocol that is reserved or taken: ascending, tcp before udp. */
export function portStates(host: Host, known: ReadonlyMap<number, Known>): PortState[] {
  const { sockets, socketsUnseen, reservations, setup } = host.facts;
  const kindOf = kindsIn(heldPorts({ reservations: reservations ?? [] }));
  const states: PortState[] = [];
  for (const protocol of ["tcp", "udp"] as const) {
    const rows = grouped((reservations ?? []).filter((row) => row.protocol === protocol));
    const open = grouped(sockets.filter((socket) => socket.protocol === protocol));
    const table = new Set(host.tableInForce ? setup.table[protocol] : []);
    const reserved = new Set([...rows.keys(), ...setup.table[protocol]]);
    const held = host.holds.filter((one) => one.protocol === protocol).map(({ port }) => port);
    for (const port of unique([...reserved, ...open.keys(), ...held]).filter(isPrivileged)) {
      const place = {
        port,
        protocol,
        owners: unique((rows.get(port) ?? []).map(({ owner }) => owner)),
        reserved: reserved.has(port),
        inTable: table.has(port),
        kind: kindOf({ port, protocol }) ?? ("reserve" as const),
      };
      const holders = holdersOf(place, withoutHolder(open.get(port) ?? [], host), host, known);
      const hold = host.holdOf(place);
      if (!place.reserved && hold === undefined && holders.length === 0) continue;
      const state = stateOf(holders, socketsUnseen === undefined);
      states.push({ ...place, state, holders, ...(hold === undefined ? {} : { hold: byWhom(hold, place, holders) }) });
    }
  }
  return states.sort((a, b) => a.port - b.port || compareText(a.protocol, b.protocol));
}

/** Its sockets are nobody's, those too of which systemd keeps a copy for it. */
function withoutHolder(sockets: readonly SocketFacts[], host: Host): readonly SocketFacts[] {
  const { holder } = host.facts;
  if (holder?.kind !== "running") return sockets.filter((socket) => !isStored(socket, host));
  return sockets.flatMap((socket) => {
    const { holders } = socket;
    if (isUnseen(holders) || !holders.includes(holder.pid)) return [socket];
    const others = holders.filter((pid) => pid !== holder.pid && pid !== 1);
    return others.length === 0 ? [] : [{ ...socket, holders: others }];
  });
}

/** Who keeps portreserve-hold from a port, and what helps against him. */
function byWhom(hold: PortHold, { port, protocol }: Place, holders: readonly Holder[]): PortHold {
  if (hold.state !== "refused" || hold.reason?.startsWith("somebody has the port") !== true) return hold;
  const [first] = holders.filter(({ verdict }) => verdict !== "ended");
  if (first === undefined) return hold;
  const who = first.verdict === "unknown" ? "somebody" : `'${first.name}'`;
  const reason = hold.reason.replace(/^somebody/, who);
  if (hold.kind === "block") return { ...hold, reason };
  const hint = first.verdict === "owner" ? `portreservectl hold ${port}/${protocol} --share --now` : hold.hint;
  return { ...hold, reason, hint };
}

type Place = Pick<PortState, "port" | "protocol" | "owners" | "reserved">;

function isPrivileged(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port < 1024;
}

function grouped<Row extends { readonly port: number }>(rows: readonly Row[]): Map<number, Row[]> {
  const groups = new Map<number, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.port);
    if (group === undefined) groups.set(row.port, [row]);
    else group.push(row);
  }
  return groups;
}

function stateOf(holders: readonly Holder[], complete: boolean): PortState["state"] {
  const has = (...verdicts: readonly Holder["verdict"][]): boolean =>
    holders.some((it) => verdicts.includes(it.verdict));
  if (has("stolen")) return "stolen";
  if (has("owner", "unjudged")) return "held";
  if (has("unknown") || !complete) return "unknown";
  return has("ended") ? "ended" : "free";
}

const ORDER: readonly Holder["verdict"][] = ["stolen", "owner", "unjudged", "unknown", "ended"];

function holdersOf(
  place: Place,
  sockets: readonly SocketFacts[],
  host: Host,
  known: ReadonlyMap<number, Known>,
): Holder[] {
  // What a server has accepted is on its port too, and nobody chose that one.
  const accepts = place.protocol === "tcp" && sockets.some(({ state }) => state === "listening");
  const all = sockets.flatMap((socket): Holder[] => {
    const { address, state, holders } = socket;
    const nobody = { pid: undefined, unit: undefined, address, state } as const;
    if (state === "ended") return [{ ...nobody, verdict: "ended", name: "nobody" }];
    if (isUnseen(holders)) return [{ ...nobody, verdict: "unknown", name: holders.unseen }];
    if (holders.length === 0) return [{ ...nobody, ...withoutProcess(place, socket, host) }];
    const accepted = accepts && state === "connected";
    return holders.map((pid) => ({ ...nobody, ...withProcess(place, pid, accepted, host, known) }));
  });
  const once = new Map(all.map((holder) => [JSON.stringify(holder), holder]));
  return [...once.values()].sort(
    (a, b) =>
      ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict) ||
      (a.pid ?? 0) - (b.pid ?? 0) ||
      compareText(a.address, b.address) ||
      compareText(a.state, b.state),
  );
}

function withoutProcess(place: Place, { inode, state }: SocketFacts, host: Host): Pick<Holder, "verdict" | "name"> {
  const { facts } = host;
  if (!facts.kernel.seesEveryProcess) return { verdict: "unknown", name: "not every process can be seen from here" };
  if (facts.hidden !== undefined) return { verdict: "unknown", name: facts.hidden.unseen };
  if (inode === 0) return { verdict: "unknown", name: "a connection that nobody has accepted yet" };
  const server = place.protocol === "tcp" ? "listening" : "bound";
  if (state === server && facts.kernel.lockd?.[place.protocol] === place.port) {
    // Somebody has chosen it, as nlm_tcpport or nlm_udpport.
    const owns = LOCKD_NAMES.some((name) => isOwner(name, place, host));
    return { verdict: owns ? "owner" : "unjudged", name: "the kernel's lockd" };
  }
  return { verdict: place.reserved ? "stolen" : "unjudged", name: "kernel" };
}

/** As the kernel calls it, and as rpcinfo does. */
const LOCKD_NAMES = ["lockd", "nlockmgr"];

function withProcess(
  place: Place,
  pid: number,
  accepted: boolean,
  host: Host,
  known: ReadonlyMap<number, Known>,
): Pick<Holder, "verdict" | "name" | "pid" | "unit"> {
  const found = known.get(pid);
  if (found === undefined) {
    return { verdict: "unknown", name: `process ${pid}, which was not seen itself`, pid, unit: undefined };
  }
  const { process } = found;
  const { unit } = process;
  const socketUnit = pid === 1 ? socketUnitOf(place, host) : undefined;
  if (socketUnit !== undefined) {
    const owns = unitNames(socketUnit.id, host).some((name) => isOwner(name, place, host));
    return { verdict: owns ? "owner" : "unjudged", name: `systemd for ${socketUnit.id}`, pid, unit };
  }
  return { verdict: verdictOn(place, found, accepted, host), name: processName(process), pid, unit };
}

const HOLDER_UNIT = "portreserve-hold.service";

/** Of a holder that is being started again. */
function isStored({ port, protocol, state, holders }: SocketFacts, host: Host): boolean {
  if (isUnseen(holders) || holders.length !== 1 || holders[0] !== 1 || state !== "bound") return false;
  const place = { port, protocol };
  return (
    host.holdOf(place) !== undefined && host.unit(HOLDER_UNIT) !== undefined && socketUnitOf(place, host) === undefined
  );
}

function verdictOn(place: Place, { process, kind }: Known, accepted: boolean, host: Host): Holder["verdict"] {
  if (namesOf(process, host).some((name) => isOwner(name, place, host))) return "owner";
  // Nobody hands out the ports below.
  if (!place.reserved || place.port < ALLOCATED_PORTS.first || accepted || kind === "none") return "unjudged";
  return kind === "allocator" ? "stolen" : "unknown";
}

function isOwner(name: string, { owners, port }: Place, { facts }: Host): boolean {
  // That file has the ports of several, and says in a comment which is whose.
  const fixed = owners.includes(FIXED) ? (facts.fixedOwners ?? []).filter((one) => one.port === port) : [];
  return [...owners, ...fixed.map(({ owner }) => owner)].some((owner) => isNamedAfter(name, owner));
}

/** The file of the mechanism of that name. */
export const FIXED = "fixed";

/** Under which an owner's file may be: its unit and the aliases of that, and its program's file name. */
function namesOf(process: ProcessFacts, host: Host): string[] {
  const program = isUnseen(process.program) ? [] : [processName(process)];
  return [...(process.unit === undefined ? [] : unitNames(process.unit, host)), ...program];
}

/** The stems of the unit and its aliases. */
export function unitNames(unit: string, host: Host): string[] {
  return unique([unit, ...(host.unit(unit)?.names ?? [])].map(unitStem));
}

function socketUnitOf(
  { port, protocol }: { port: number; protocol: Protocol },
  { facts }: Host,
): UnitFacts | undefined {
  if (isUnseen(facts.units)) return undefined;
  const listening = facts.units.filter(
    ({ id, listens }) => id.endsWith(".socket") && listens.some((it) => it.port === port && it.protocol === protocol),
  );
  return listening.find(({ activeState }) => activeState === "active") ?? listening[0];
}
