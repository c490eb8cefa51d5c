// What else is worth an administrator's while. Lines that the blacklist's own parser drops are the caller's to add: it has the diagnostics.

import { BLACKLIST_OWNER } from "../core/config/blacklist.ts";
import type { Protocol } from "../core/config/types.ts";
import { ALLOCATED_PORTS } from "../core/mechanism.ts";
import { isUnseen } from "../core/seen.ts";
import { FREE_PORTS_MINIMUM } from "../core/table/free-ports.ts";
import { compareText, enumerate, unique } from "../core/text.ts";
import { installHint, unitWord } from "./commands.ts";
import type { Hint, PortState } from "./coverage.ts";
import { holdHints, portWord as shown } from "./hold-hints.ts";
import { FIXED, unitNames } from "./holders.ts";
import type { Host } from "./host.ts";
import { unloadable } from "./list-hints.ts";
import { isNamedAfter, shownFileName, unitStem } from "./names.ts";
import { isOldDaemon, oldDaemonHint } from "./old-daemon-hint.ts";
import { portsLeft } from "./ports-left.ts";
import type { UnitFacts } from "./unit-facts.ts";

type Rule = (host: Host, ports: readonly PortState[], allocators: ReadonlySet<number>) => readonly Hint[];

const RULES: readonly Rule[] = [
  ({ facts }) => oldDaemonHint(facts),
  stolen,
  (host, ports) => holdHints(ports, unitOfOwner, host),
  exhausted,
  bmc,
  unreservedListeners,
  unexplained,
  strangers,
  unpackaged,
  unloadable,
];

/** `allocators`: the processes whose ports are random, so that none of them is worth a reservation. */
export function hintsFor(host: Host, ports: readonly PortState[], allocators: ReadonlySet<number>): Hint[] {
  // What the old daemon has is said once.
  const old = host.facts.processes.filter(isOldDaemon).map(({ pid }) => pid);
  return RULES.flatMap((rule) => rule(host, ports, new Set([...allocators, ...old])));
}

/** The thief first: the owner cannot have its port before. One hint for each thief. */
function stolen(host: Host, ports: readonly PortState[]): Hint[] {
  const thieves = new Map<
    string,
    { name: string; pid: number | undefined; unit: string | undefined; ports: PortState[] }
  >();
  for (const state of ports) {
    for (const { verdict, name, pid, unit } of state.holders) {
      if (verdict !== "stolen") continue;
      const key = unit ?? (pid === undefined ? "kernel" : `process ${pid}`);
      const thief = thieves.get(key) ?? { name, pid, unit, ports: [] };
      if (!thief.ports.includes(state)) thief.ports.push(state);
      thieves.set(key, thief);
    }
  }
  return [...thieves.values()].map(({ name, pid, unit, ports: taken }) => {
    const owners = unique(taken.flatMap((state) => state.owners));
    const reservedFor = owners.length === 0 ? "reserved" : `reserved for ${enumerate(owners.map((it) => `'${it}'`))}`;
    const message = `'${name}' holds ${enumerate(taken.map(shown))}, ${taken.length === 1 ? "which is" : "which are"} ${reservedFor}`;
    // It asks nothing of the thief, and the hold keeps what it gets.
    if (taken.every(({ hold, protocol }) => hold?.kind === "hold" && protocol === "tcp")) {
      return { id: "stolen", message, hint: `portreservectl reclaim ${taken.map(shown).join(" ")}` };
    }
    const first = pid === undefined ? [kernelWords(taken)] : [...installFirst(unit, host), restartWords(unit, pid)];
    const then = unique(owners.flatMap((owner) => ownerUnit(owner, host) ?? [])).filter((it) => it !== unit);
    const steps = [...first, ...then.map((it) => `systemctl restart ${it}`)];
    const pasted = steps.every((step) => /^(systemctl|portreservectl) /.test(step));
    return {
      id: "stolen",
      message,
      hint: steps.join(pasted ? " && " : ", then "),
    };
  });
}

/** Of UDP the kernel gives nothing back. */
function kernelWords(taken: readonly PortState[]): string {
  const all = taken.every(({ protocol }) => protocol === "tcp");
  return all ? `portreservectl reclaim ${taken.map(shown).join(" ")}` : "free it in the kernel";
}

function restartWords(unit: string | undefined, pid: number): string {
  const word = unit?.endsWith(".service") ? unitWord(unit) : undefined;
  return word === undefined ? `restart process ${pid}` : `systemctl restart ${word}`;
}

/** A thief that is restarted without the shim may take the port again. */
function installFirst(unit: string | undefined, host: Host): readonly string[] {
  const { list } = host.facts.setup;
  const installed = isUnseen(list) || list.namesShim || host.unit(unit)?.hasDropIn === true;
  return installed ? [] : [installHint(unit, host)];
}

/** The unit that is named like the owner, as a word of a command. */
export function ownerUnit(owner: string, host: Host): string | undefined {
  const unit = unitOfOwner(owner, host);
  return unit && unitWord(unit.id);
}

function unitOfOwner(owner: string, { facts }: Host): UnitFacts | undefined {
  if (isUnseen(facts.units)) return undefined;
  const named = facts.units.filter(({ id, names, loadState }) => {
    const stems = [id, ...names].map(unitStem);
    return loadState === "loaded" && /\.(service|socket)$/.test(id) && stems.some((stem) => isNamedAfter(stem, owner));
  });
  const rank = ({ id, activeState }: UnitFacts): number =>
    (id.endsWith(".service") ? 0 : 2) + (activeState === "inactive" || activeState === "not loaded" ? 1 : 0);
  return named.sort((a, b) => rank(a) - rank(b) || compareText(a.id, b.id))[0];
}

/** Every program that asks for one fails, also the ones that are covered. */
function exhausted({ facts }: Host, ports: readonly PortState[]): Hint[] {
  const left = portsLeft(ports, facts.socketsUnseen === undefined);
  if (left === undefined) return [];
  return (["tcp", "udp"] as const)
    .filter((protocol) => left[protocol] < FREE_PORTS_MINIMUM)
    .map((protocol) => {
      const ended = ports.filter((port) => port.protocol === protocol && port.state === "ended").length;
      const count = left[protocol] === 0 ? "no" : `only ${left[protocol]}`;
      const ending = ended === 0 ? "" : `, ${ended} of the others until the kernel forgets connections that ended`;
      return {
        id: "exhausted",
        message: `${count} ${protocol} ${left[protocol] === 1 ? "port is" : "ports are"} left to hand out${ending}`,
        hint: protocol === "tcp" ? "ss -tan 'sport < :1024'" : "ss -uanp 'sport < :1024'",
      };
    });
}

/** What a BMC takes from the network before the host sees it: RMCP, and RMCP over TLS. */
const BMC_PORTS = [623, 664];

function bmc({ facts, reserved }: Host): Hint[] {
  if (!facts.kernel.hasIpmi || reserved === undefined) return [];
  const open = BMC_PORTS.flatMap((port) =>
    (["tcp", "udp"] as const)
      .filter((protocol) => !reserved.get(protocol)?.has(port))
      .map((protocol) => ({ port, protocol })),
  );
  if (open.length === 0) return [];
  return [
    {
      id: "bmc",
      message: `this host has a BMC, which swallows what comes for ports 623 and 664, and ${enumerate(open.map(shown))} can be handed out`,
      hint: "reserve 623 and 664: write both into a file 'bmc' of /etc/portreserve",
    },
  ];
}

function unreservedListeners(host: Host, ports: readonly PortState[], allocators: ReadonlySet<number>): Hint[] {
  const { facts, reserved } = host;
  if (reserved === undefined) return [];
  const found = new Map<string, { port: number; protocol: Protocol }[]>();
  const add = (unit: string, port: number, protocol: Protocol): void => {
    if (port < ALLOCATED_PORTS.first || port > ALLOCATED_PORTS.last || reserved.get(protocol)?.has(port)) return;
    const rows = found.get(unit) ?? [];
    if (!rows.some((row) => row.port === port && row.protocol === protocol)) rows.push({ port, protocol });
    found.set(unit, rows);
  };
  for (const { port, protocol, holders } of ports) {
    for (const { pid, unit, state } of holders) {
      const listens = state === "listening" || (protocol === "udp" && state === "bound");
      if (!listens || pid === undefined || allocators.has(pid) || !unit?.endsWith(".service")) continue;
      add(unit, port, protocol);
    }
  }
  for (const { id, activeState, listens } of isUnseen(facts.units) ? [] : facts.units) {
    if (!id.endsWith(".socket") || activeState !== "active") continue;
    for (const { port, protocol } of listens) add(serviceOf(id, found), port, protocol);
  }
  return [...found].map(([unit, rows]) => ({
    id: "unreserved",
    message: `'${unit}' listens on ${enumerate(rows.map(shown))}, which nothing reserves`,
    hint: reserveHint(unit),
  }));
}

/** Clients on such a port that are no allocators: what cannot be told of a program, its sockets may tell. */
function unexplained(_: Host, ports: readonly PortState[], allocators: ReadonlySet<number>): Hint[] {
  const found = new Map<number, { name: string; ports: PortState[] }>();
  for (const state of ports) {
    const { port, protocol, holders } = state;
    if (port < ALLOCATED_PORTS.first || holders.some((holder) => holder.state === "listening")) continue;
    for (const { verdict, pid, name, state: socket } of holders) {
      const isClient = socket === "connected" || (protocol === "tcp" && socket === "bound");
      if (!isClient || verdict !== "unjudged" || pid === undefined || allocators.has(pid)) continue;
      const known = found.get(pid) ?? { name, ports: [] };
      if (!known.ports.includes(state)) known.ports.push(state);
      found.set(pid, known);
    }
  }
  return [...found].map(([pid, { name, ports: taken }]) => ({
    id: "unexplained",
    message: `'${name}' (${pid}) is a client on ${enumerate(taken.map(shown))}, and nothing in its files says how it chose: dlsym(), or a bind() of its own`,
    hint: `ss -tunap | grep pid=${pid},`,
  }));
}

/** The service of the same name, if there is a hint for it already. */
function serviceOf(socket: string, found: ReadonlyMap<string, unknown>): string {
  const service = socket.replace(/\.socket$/, ".service");
  return found.has(service) ? service : socket;
}

function reserveHint(unit: string): string | undefined {
  const word = unitWord(unit);
  return word && `portreservectl reserve ${word}`;
}

function strangers(host: Host): Hint[] {
  const { units, reservations, programs, processes, fixedOwners } = host.facts;
  if (isUnseen(units) || units.length === 0) return [];
  const names = new Set([
    ...units.filter(({ loadState }) => loadState !== "not-found").flatMap(({ id }) => unitNames(id, host)),
    ...units.flatMap((unit) => unit.programs.map(shownFileName)),
    ...programs.map(({ path }) => shownFileName(path)),
    ...processes.flatMap(({ program }) => (isUnseen(program) ? [] : [shownFileName(program)])),
  ]);
  const all = [...names];
  // What is blocked is nobody's, and so needs no name.
  const owned = (reservations ?? []).filter(({ kind }) => kind !== "block");
  return unique(owned.map(({ owner }) => owner))
    .filter((owner) => !owner.startsWith("(") && owner !== BLACKLIST_OWNER)
    .filter((owner) => owner !== FIXED || fixedOwners === undefined)
    .filter((owner) => !all.some((name) => isNamedAfter(name, owner)))
    .map((owner) => ({
      id: "unknown-owner",
      message: `no unit and no program is named like '${owner}', which has reservations`,
      hint: "name the file after the service that needs the ports, so that its holder can be judged",
    }));
}

function unpackaged({ facts }: Host): Hint[] {
  return facts.setup.libraries
    .filter(({ state }) => state === "no package")
    .map(({ abi }) => ({
      id: "no-library",
      message: `this version has no library for ${abi}: no program of that ABI can be covered`,
      hint: undefined,
    }));
}
