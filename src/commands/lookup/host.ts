// What lookup adds on the running host: who holds each port now, and who could take it, or why nobody can.
import type { Protocol } from "../../core/config/types.ts";
import { ALLOCATED_PORTS } from "../../core/mechanism.ts";
import { showsBoundSockets } from "../../core/sockets/bound.ts";
import type { Allocator, Coverage, Holder, PortHold, PortState } from "../../coverage/coverage.ts";
import type { HostFacts } from "../../coverage/facts.ts";
import { hintFor } from "../../coverage/paste.ts";
import type { Block, Json, Line } from "../../report/types.ts";
import { allocatorJson, holderJson, holdJson } from "../coverage/json.ts";
import { arrow, fewOf, holdersOf, holderText, holdLine, portText } from "../coverage/words.ts";

export interface AskedPort {
  readonly port: number;
  readonly protocol: Protocol;
  /** In the table in force. */
  readonly reserved: boolean;
}

/** Sockets are looked at below this port alone. */
const PRIVILEGED_END = 1024;
const UNSHOWN = "that this kernel shows (before Linux 6.8: no TCP socket that is only bound)";
/** How many allocators are named one by one. */
const MOST_NAMED = 5;

export function hostBlocks(asked: readonly AskedPort[], facts: HostFacts, coverage: Coverage): readonly Block[] {
  const seen = asked.filter(({ port }) => port < PRIVILEGED_END);
  if (seen.length === 0) return [];
  return [
    { kind: "columns", rows: seen.flatMap((one) => holderRows(one, stateOf(one, coverage), facts)) },
    { kind: "lines", lines: [...outsideLines(seen), ...whyLines(seen, coverage)] },
  ];
}

/** Beside what the table and the configuration say of a port; all null where it was not looked at. */
export function portHostJson(one: AskedPort, coverage: Coverage | undefined): { readonly [key: string]: Json } {
  if (coverage === undefined || one.port >= PRIVILEGED_END) return { state: null, holders: null, hold: null };
  const found = stateOf(one, coverage);
  return {
    state: found?.state ?? "free",
    holders: (found?.holders ?? []).map(holderJson),
    hold: found?.hold === undefined ? null : holdJson(found.hold),
  };
}

/** Those that can take, or may be able to take, one of the ports though it is reserved. */
export function threatsJson(asked: readonly AskedPort[], coverage: Coverage): Json {
  const open = asked.filter((one) => isHandedOut(one) && !isHeld(one, coverage));
  return threats(open, coverage).map(allocatorJson);
}

function stateOf({ port, protocol }: AskedPort, { ports }: Coverage): PortState | undefined {
  return ports.find((state) => state.port === port && state.protocol === protocol);
}

function holderRows(
  asked: AskedPort,
  state: PortState | undefined,
  { kernel, asRoot }: HostFacts,
): readonly (readonly Line[])[] {
  const holders = state === undefined ? [] : holdersOf(state);
  const kept = state?.hold === undefined ? [] : [keptRow(state, state.hold, asRoot)];
  if (holders.length === 0 && state?.hold?.state === "held") return kept;
  return [...kept, ...(holders.length === 0 ? nobodyRows(asked, kernel) : holders.map((one) => holderRow(asked, one)))];
}

/** "held by portreserve-hold for cups; everybody without SO_REUSEADDR is refused" */
function keptRow(port: PortState, hold: PortHold, asRoot: boolean): readonly Line[] {
  if (hold.state !== "held") return [portText(port), holdLine(hold)];
  const down = hold.reason !== undefined;
  const by = down ? "systemd while portreserve-hold does not run" : "portreserve-hold";
  if (hold.kind === "block") return [portText(port), { text: `blocked by ${by}; everybody is refused`, tone: "good" }];
  const owners = port.owners.length === 0 ? "" : `${down ? "," : ""} for ${fewOf(port.owners, MOST_NAMED)}`;
  const isOwnersNow = port.holders.some(({ verdict }) => verdict === "owner");
  const text = `held by ${by}${owners}; everybody without SO_REUSEADDR is refused`;
  return [
    portText(port),
    [{ text, tone: "good" }, ...(isOwnersNow ? [] : [", its owner too", arrow(letGo(port, asRoot))])],
  ];
}

/** What helps an owner that has lost the flag. */
function letGo(port: PortState, asRoot: boolean): string | undefined {
  return hintFor(`portreservectl unhold ${portText(port)}`, { asRoot, again: "" });
}

function nobodyRows(asked: AskedPort, { release }: HostFacts["kernel"]): readonly (readonly Line[])[] {
  const blind = asked.protocol === "tcp" && !showsBoundSockets(release);
  return [[portText(asked), blind ? `held by nobody ${UNSHOWN}` : "held by nobody"]];
}

function holderRow(asked: AskedPort, holder: Holder): readonly Line[] {
  const who = holderText(holder);
  switch (holder.verdict) {
    case "owner":
      return [portText(asked), `held by ${who}`, { text: "rightly", tone: "good" }];
    case "stolen":
      return [portText(asked), `held by ${who}`, { text: "STOLEN", tone: "bad" }];
    case "unjudged":
      return [portText(asked), `held by ${who}`];
    case "unknown":
      return [portText(asked), { text: `held, by whom is not known: ${who}`, tone: "warn" }];
    case "ended":
      return [portText(asked), "held by nobody, until the kernel forgets a connection that ended"];
    default:
      return holder.verdict satisfies never;
  }
}

function isHandedOut({ port }: AskedPort): boolean {
  return ALLOCATED_PORTS.first <= port && port <= ALLOCATED_PORTS.last;
}

function outsideLines(asked: readonly AskedPort[]): readonly Line[] {
  return asked.every(isHandedOut) ? [] : [`nobody is handed a port below ${ALLOCATED_PORTS.first}`];
}

function whyLines(asked: readonly AskedPort[], coverage: Coverage): readonly Line[] {
  const held = asked.filter((one) => isHeld(one, coverage));
  const inRange = asked.filter((one) => isHandedOut(one) && !held.includes(one));
  const open = inRange.filter(({ reserved }) => !reserved);
  const kept = inRange.filter(({ reserved }) => reserved);
  const text = `${held.map(portText).join(" and ")} ${held.length === 1 ? "is" : "are"} held: no allocator can take ${held.length === 1 ? "it" : "them"}`;
  return [
    ...(held.length === 0 ? [] : [{ text, tone: "good" } as const]),
    ...(open.length === 0 ? [] : [openLine(open)]),
    ...(kept.length === 0 ? [] : keptLines(kept, coverage)),
  ];
}

function isHeld(asked: AskedPort, coverage: Coverage): boolean {
  return stateOf(asked, coverage)?.hold?.state === "held";
}

function openLine(open: readonly AskedPort[]): Line {
  return { text: `every allocator can take ${open.map(portText).join(" and ")}: not reserved`, tone: "warn" };
}

function keptLines(kept: readonly AskedPort[], coverage: Coverage): readonly Line[] {
  const found = threats(kept, coverage);
  const it = kept.length === 1 ? "it" : "them";
  if (found.length === 0) {
    return [{ text: `${whyNone(coverage)}: none can take ${kept.map(portText).join(" or ")}`, tone: "good" }];
  }
  const named = found.slice(0, MOST_NAMED).map((one) => threatLine(one, it));
  const left = found.length - named.length;
  return left === 0 ? named : [...named, `and ${left} more: 'portreservectl status --verbose' lists them`];
}

function whyNone({ allocators }: Coverage): string {
  if (allocators.length === 0) return "no allocator was found on this host";
  return allocators.every(({ verdict }) => verdict === "covered")
    ? "every allocator of this host is covered"
    : "every allocator of this host is covered or hands out other ports";
}

function threatLine({ kind, name, pid, verdict, reason, hint }: Allocator, it: string): Line {
  const who = pid === undefined ? name : `${name} (${pid})`;
  const when = kind === "program" ? `${it} when it starts` : it;
  const why = [reason === undefined ? "" : `: ${reason}`, arrow(hint)];
  return verdict === "not covered"
    ? [{ text: `${who} is not covered and can take ${when}`, tone: "bad" }, ...why]
    : [{ text: `${who} may be able to take ${when}`, tone: "warn" }, ...why];
}

/** The kernel's clients have ranges of their own. */
function threats(asked: readonly AskedPort[], { allocators }: Coverage): readonly Allocator[] {
  const inReach = ({ range }: Allocator): boolean =>
    range === undefined || asked.some(({ port }) => range.min <= port && port <= range.max);
  return asked.length === 0 ? [] : allocators.filter((one) => one.verdict !== "covered" && inReach(one));
}
