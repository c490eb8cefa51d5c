// One look at the host for hold: who has each port, what that allows, and which file asks for it.
import { BLACKLIST_OWNER } from "../../core/config/blacklist.ts";
import { isOwnerName } from "../../core/config/owner-name.ts";
import { ownerOfUnit } from "../../core/config/reservation-text.ts";
import { parseServices } from "../../core/config/services.ts";
import { kindsIn } from "../../core/hold/held-ports.ts";
import type { PortPlace } from "../../core/hold/port-lines.ts";
import { type GateHost, type PortUse, portUse } from "../../coverage/hold-gate.ts";
import { readHolder } from "../../observe/holder/read-holder.ts";
import { newMemory } from "../../observe/read-memory.ts";
import type { Sources } from "../../observe/read-sources.ts";
import { observeSharing } from "../../observe/sockets/read-sharing.ts";
import { commandLine, shellWord } from "../../system/command-text.ts";
import { assessHost } from "../coverage/look.ts";
import { asRootCommand } from "../this-command.ts";
import type { Context } from "../types.ts";
import { type Answer, type Asking, alreadyAnswer, answerFor } from "./answers.ts";
import type { PortToHold } from "./asked.ts";
import { rowsOf, type WantedWord } from "./edits.ts";

export interface Gate {
  /** In the order of `asked`. */
  readonly answers: readonly Answer[];
  /** What gets the word. */
  readonly wanted: readonly WantedWord[];
}

export function askGate(context: Context, asked: readonly PortToHold[], sources: Sources): Gate {
  const { options } = context;
  const kind = options.block ? "block" : "hold";
  const kindOf = kindsIn(sources.held);
  const open = asked.filter((place) => kindOf(place) !== kind);
  const host = options.root === "/" && open.length > 0 ? lookAtHost(context, open) : undefined;
  const asking: Asking = {
    kind,
    unchecked: options.unchecked,
    again: asRootCommand(context),
    command: (verb, ...words) => `sudo ${commandLine(options.root, [verb, ...words.map(shellWord)].join(" "))}`,
    units: host?.units,
    ownersOf: (place) => ownersOf(sources, place),
  };
  const found = asked.map((place) => {
    if (!open.includes(place)) return { answer: alreadyAnswer(place, asking), use: undefined };
    const use = host === undefined ? undefined : portUse(place, host.gate);
    return { answer: answerFor(place, use, asking), use };
  });
  const wanted = found
    .filter(({ answer }) => answer.answer !== "already" && answer.answer !== "unused")
    .map(({ answer: { port, protocol, owner, service }, use }) => ({
      port,
      protocol,
      owner: owner ?? ownersOf(sources, { port, protocol })[0] ?? newOwner({ port, protocol }, service, use, sources),
    }));
  return { answers: found.map(({ answer }) => answer), wanted };
}

function lookAtHost(context: Context, open: readonly PortToHold[]): { gate: GateHost; units: Asking["units"] } {
  const { facts, coverage } = assessHost(context, newMemory());
  const { sockets, source } = observeSharing(new Set(open.map(({ port }) => port)));
  const holder = readHolder();
  const unlisted = source === "none" ? { unseen: "the kernel does not list sockets", rootWould: false } : undefined;
  const gate = {
    facts: unlisted === undefined ? facts : { ...facts, socketsUnseen: unlisted },
    coverage,
    sockets,
    holderPid: holder.kind === "running" ? holder.state.pid : undefined,
  };
  return { gate, units: facts.units };
}

/** Files that ask for it; lines of the blacklist have no words. */
function ownersOf(sources: Sources, place: PortPlace): readonly string[] {
  return rowsOf(sources, place)
    .map(({ owner }) => owner)
    .filter((owner) => owner !== BLACKLIST_OWNER);
}

/** The name of the file for a port that is in none: its owner's unit, else its service, else the port itself. */
function newOwner(
  { port, protocol }: PortPlace,
  service: string | undefined,
  use: PortUse | undefined,
  { inputs }: Sources,
): string {
  const users = use?.kind === "shares" || use?.kind === "alone" ? use.users : [];
  const unit = users.map((user) => user.unit).find((id) => id !== undefined && /\.(service|socket)$/.test(id));
  if (unit !== undefined) return ownerOfUnit(unit);
  const named = [inputs.services, inputs.vendorServices].flatMap((file) =>
    file === undefined ? [] : [...parseServices(file.bytes)].filter(([, ports]) => ports[protocol] === port),
  );
  const names = [service, ...named.map(([name]) => name)];
  return names.find((name) => name !== undefined && isOwnerName(name) && /^[\w:+-]+$/.test(name)) ?? `port-${port}`;
}
