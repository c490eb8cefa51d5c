// Which ports the arguments of hold and unhold mean: numbers, owners and services, each port and protocol once.
import { BLACKLIST_OWNER } from "../../core/config/blacklist.ts";
import { type PortPlace, placeText } from "../../core/hold/port-lines.ts";
import type { Sources } from "../../observe/read-sources.ts";
import { AppError } from "../../system/app-error.ts";
import { commandLine } from "../../system/command-text.ts";
import { findTarget, type LookupTarget } from "../lookup/target.ts";
import type { Context } from "../types.ts";

export interface PortToHold extends PortPlace {
  /** The protocol was written: a port that is only named may be used with one of both alone. */
  readonly exact: boolean;
  /** The owner or service by whose name it was asked for. */
  readonly owner?: string;
  readonly service?: string;
}

/** In the order of ports, tcp first. Throws AppError `usage` for what is none, and where an owner reserves nothing. */
export function askedPorts({ verb, args, options }: Context, sources: Sources): readonly PortToHold[] {
  const all = new Map<string, PortToHold>();
  for (const word of args) {
    const target = findTarget(word, { sources, messages: [] }, options.root, verb);
    if (target.ports.length === 0) throw nothingReserved(word, target, options.root);
    for (const place of target.ports) {
      const key = placeText(place);
      all.set(key, { ...all.get(key), ...asked(place, word, target), ...(all.get(key)?.exact ? { exact: true } : {}) });
    }
  }
  return [...all.values()].sort((a, b) => a.port - b.port || (a.protocol < b.protocol ? -1 : 1));
}

function asked({ port, protocol }: PortPlace, word: string, { kind, name }: LookupTarget): PortToHold {
  const place = { port, protocol, exact: word.includes("/") };
  if (kind === "owner") return name === BLACKLIST_OWNER ? place : { ...place, owner: name };
  return kind === "service" ? { ...place, service: name } : place;
}

function nothingReserved(word: string, { name }: LookupTarget, root: string): AppError {
  const hint = `'${commandLine(root, "list")}' shows every owner and port; name the port itself to reserve it too`;
  return new AppError("usage", `'${word}': '${name}' reserves nothing`, hint);
}
