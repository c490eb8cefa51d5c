// What a plan does: sockets that share from then on, connections of the kernel that end, and the hold that follows.

import { type PortPlace, placeText } from "../../core/hold/port-lines.ts";
import type { EndedSocket } from "../../core/native.ts";
import type { SocketFamily } from "../../core/sockets/row.ts";
import { unique } from "../../core/text.ts";
import { readHolder } from "../../observe/holder/read-holder.ts";
import { observeSockets } from "../../observe/sockets/read-sockets.ts";
import type { Message } from "../../report/types.ts";
import { endKernelSockets, shareSocket } from "../../system/host/other-sockets.ts";
import { lookUntil } from "../look-until.ts";
import { heldBy } from "./gather.ts";
import { type FoundPort, type ReclaimPlan, type Share, userText } from "./plan.ts";

export interface CarriedOut {
  readonly shared: readonly Share[];
  readonly ended: readonly EndedSocket[];
  /** Whether portreserve-hold has it now; null where it is not to be held. */
  readonly held: boolean | null;
  /** Why it is not reclaimed. */
  readonly failure?: Message;
}

/** Never throws for what the kernel refuses. */
export async function reclaimPort(
  found: FoundPort,
  { share, end }: ReclaimPlan & { readonly kind: "act" },
): Promise<CarriedOut> {
  const shared: Share[] = [];
  for (const one of share) {
    const { outcome, ...why } = shareSocket(one.user.pid, one.fd, one.inode);
    if (outcome === "shared") shared.push(one);
    if ("reason" in why) {
      const message = `${placeText(found)}: the socket of ${userText(one.user)} was refused SO_REUSEADDR: ${why.reason}`;
      return { shared, ended: [], held: null, failure: { severity: "error", message } };
    }
  }
  const ending = endAll(found, end);
  if ("message" in ending) return { shared, ended: [], held: null, failure: ending };
  const held =
    found.kind === "hold" ? await isHeld(found, unique([...share, ...end].map(({ family }) => family))) : null;
  const again = end.length > 0 && (await kernelIsBack(found));
  return { shared, ended: ending, held, ...(again ? { failure: tookAgain(found) } : {}) };
}

function endAll(found: FoundPort, end: FoundPort["sockets"]): readonly EndedSocket[] | Message {
  if (end.length === 0) return [];
  const done = endKernelSockets(
    found.port,
    end.map(({ inode }) => inode),
  );
  switch (done.outcome) {
    case "ended":
      return done.sockets;
    case "unsupported": {
      const message = `${placeText(found)}: this kernel cannot end connections: it was built without CONFIG_INET_DIAG_DESTROY`;
      return { severity: "error", message, hint: UNMOUNT };
    }
    case "failed":
      return {
        severity: "error",
        message: `${placeText(found)}: the kernel's connection could not be ended: ${done.reason}`,
        hint: UNMOUNT,
      };
    default:
      return done satisfies never;
  }
}

const UNMOUNT = "unmount what needs it and mount it again: a port that is held is not taken then";

/** Milliseconds. It tries what it was refused again every two seconds. */
const HOLDER_TIME = 5000;
/** After which the NFS client has connected again, or waits for an answer. */
const CLIENT_TIME = 1000;

async function isHeld(place: PortPlace, families: readonly SocketFamily[]): Promise<boolean> {
  if (readHolder().kind === "none") return false;
  const look = (): boolean => {
    const holder = readHolder();
    if (holder.kind !== "running") return false;
    const held = heldBy(holder.state.pid, place);
    return held.kind === "running" && families.every((family) => held.families.includes(family));
  };
  return await lookUntil(HOLDER_TIME, look, Boolean);
}

async function kernelIsBack({ port, protocol }: PortPlace): Promise<boolean> {
  const look = (): boolean =>
    observeSockets().sockets.some(
      (socket) =>
        socket.port === port &&
        socket.protocol === protocol &&
        socket.state === "connected" &&
        Array.isArray(socket.holders) &&
        socket.holders.length === 0,
    );
  return await lookUntil(CLIENT_TIME, look, Boolean);
}

function tookAgain(found: FoundPort): Message {
  const message = `${placeText(found)}: the kernel's NFS client connected from it again`;
  const hint = "restart its owner all the same: where it sets SO_REUSEPORT too, it may have it beside the client";
  return { severity: "error", message, hint };
}
