// The owners of what was reclaimed: restarted where that was asked for, and whether they have their ports then.
import type { PortPlace } from "../../core/hold/port-lines.ts";
import type { SocketFamily } from "../../core/sockets/row.ts";
import { unique } from "../../core/text.ts";
import type { Coverage } from "../../coverage/coverage.ts";
import { socketsByNetlink } from "../../observe/sockets/read-socket-lists.ts";
import type { Message } from "../../report/types.ts";
import { lookUntil } from "../look-until.ts";
import { restartUnit } from "../restart-unit.ts";
import type { FoundPort } from "./plan.ts";
import type { OwnerHas } from "./reclaimed.ts";

export interface Restarted {
  readonly units: readonly string[];
  readonly messages: readonly Message[];
}

/** Each unit once. Blocks until systemd says that it has started, or failed. */
export function restartOwners(ports: readonly FoundPort[]): Restarted {
  const nameless = ports.filter(({ ownerUnits }) => ownerUnits.length === 0);
  const messages: Message[] = nameless.map(({ port, protocol, owners, unitsUnseen }) => {
    const nobody = owners.length === 0 ? "no file of /etc/portreserve asks for it" : undefined;
    const whose = nobody ?? unitsUnseen ?? `no unit is named like '${owners[0]}'`;
    return { severity: "error", message: `${port}/${protocol}: its owner cannot be restarted: ${whose}` };
  });
  const done: string[] = [];
  for (const unit of unique(ports.flatMap(({ ownerUnits }) => ownerUnits))) {
    const name = unit.replace(/^'(.*)'$/, "$1");
    const fault = restartUnit(name);
    if (fault === undefined) done.push(name);
    else messages.push(fault);
  }
  return { units: done, messages };
}

/** Milliseconds. Some say that they have started before they listen. */
const START_TIME = 5000;

/** A port, and the address families in which others had it: none where nobody had. */
export type Wanted = PortPlace & { readonly families: readonly SocketFamily[] };

/** A server at "::" may serve IPv4 too, which the kernel's list does not say. */
function serves(address: string, family: SocketFamily): boolean {
  return address.includes(":") ? family === "inet6" || address === "::" : family === "inet";
}

/** Waits until somebody serves each of them, in each family that is wanted, who may be anybody. */
export async function waitForServers(places: readonly Wanted[]): Promise<void> {
  const look = (): boolean =>
    places.every(({ port, protocol, families }) => {
      const rows = (["inet", "inet6"] as const).flatMap((family) => socketsByNetlink(protocol, family) ?? []);
      const served = rows.filter((row) => row.port === port && (protocol === "udp" || row.state === LISTENING));
      return served.length > 0 && families.every((family) => served.some(({ address }) => serves(address, family)));
    });
  await lookUntil(START_TIME, look, Boolean);
}

const LISTENING = 10;

/** By a later look than the one that the plan was made from. */
export function ownerHas({ ports }: Pick<Coverage, "ports">, place: Wanted): OwnerHas {
  const state = ports.find(({ port, protocol }) => port === place.port && protocol === place.protocol);
  const own = (state?.holders ?? []).filter(
    (one) => one.verdict === "owner" && (one.state === "listening" || place.protocol === "udp"),
  );
  if (own.length === 0) return "no";
  const lacks = place.families.filter((family) => !own.some(({ address }) => serves(address, family)));
  return lacks.length === 0 ? "yes" : { lacks };
}
