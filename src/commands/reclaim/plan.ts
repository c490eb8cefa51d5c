// What can be done about one port that somebody else has than its owner. Pure.
import type { Protocol, ReservationKind } from "../../core/config/types.ts";
import type { SocketFamily, SocketState } from "../../core/sockets/row.ts";
import { counted, enumerate, quote, unique } from "../../core/text.ts";
import { restartHint } from "../../coverage/commands.ts";
import type { Holder } from "../../coverage/coverage.ts";

/** All that was seen of a port. */
export interface FoundPort {
  readonly port: number;
  readonly protocol: Protocol;
  readonly reserved: boolean;
  readonly owners: readonly string[];
  /** The units of these, as words of a command. */
  readonly ownerUnits: readonly string[];
  /** Why these are not known. */
  readonly unitsUnseen?: string | undefined;
  readonly kind: ReservationKind;
  /** Without portreserve-hold's own. */
  readonly sockets: readonly FoundSocket[];
  readonly holder: FoundHolder;
  /** Of this host's kernel: whether it has an RPC client, and where 9p is mounted through the network. */
  readonly kernel: { readonly rpcClient: boolean; readonly plan9: readonly string[] };
}

/** portreserve-hold, and in which families it has a socket of this protocol bound to the port. */
export type FoundHolder =
  | { readonly kind: "none" }
  | { readonly kind: "unknown"; readonly reason: string }
  | { readonly kind: "running"; readonly families: readonly SocketFamily[] };

export interface FoundSocket {
  readonly family: SocketFamily;
  readonly address: string;
  readonly state: SocketState;
  readonly inode: number;
  readonly by:
    | { readonly kind: "processes"; readonly users: readonly SocketUser[] }
    | { readonly kind: "kernel"; readonly name: string; readonly verdict: Holder["verdict"] }
    | { readonly kind: "unseen"; readonly reason: string };
}

/** A process that has it open. */
export interface SocketUser {
  readonly pid: number;
  readonly name: string;
  readonly unit: string | undefined;
  readonly verdict: Holder["verdict"];
  /** Why it is not to be touched: "it is in another network". */
  readonly apart: string | undefined;
  /** Its descriptor, and whether the socket shares its port already; a text: why it cannot be looked at. */
  readonly place: { readonly fd: number; readonly shares: boolean } | string;
}

/** A socket that is to share its port. */
export interface Share {
  readonly user: Pick<SocketUser, "pid" | "name" | "unit">;
  readonly fd: number;
  readonly inode: number;
  readonly family: SocketFamily;
  readonly address: string;
  readonly state: SocketState;
}

export type ReclaimPlan =
  /** `owner`: it has the port. `nobody`: nobody has. `shared`: who has it is not in its owner's way. */
  | { readonly kind: "nothing"; readonly because: "owner" | "nobody" | "shared"; readonly text: string }
  | { readonly kind: "cannot"; readonly text: string; readonly hint: string | undefined }
  | { readonly kind: "act"; readonly share: readonly Share[]; readonly end: readonly FoundSocket[] };

/** "'ypbind' 640" */
export function userText({ pid, name }: Pick<SocketUser, "pid" | "name">): string {
  return `${quote(name)} ${pid}`;
}

const cannot = (text: string, hint?: string): ReclaimPlan => ({ kind: "cannot", text, hint });

export function planFor(found: FoundPort): ReclaimPlan {
  if (!found.reserved) return cannot("nothing reserves it", "'portreservectl list' shows what is reserved");
  const unseen = found.sockets.map(({ by }) => by).find((by) => by.kind === "unseen");
  if (unseen !== undefined) return cannot(`who has it cannot be seen: ${unseen.reason}`);
  const thieves = found.sockets.filter((socket) => isThief(socket, found));
  if (thieves.length === 0) return planNothing(found);
  if (found.kind === "block") {
    return cannot(
      "it is blocked, so that not even an owner could have it",
      thieves.map(restartOf).find((hint) => hint !== undefined),
    );
  }
  const reason = thieves.map((thief) => whyNot(thief, found)).find((one) => one !== undefined);
  if (reason !== undefined) return reason;
  const share = thieves.flatMap(shareOf);
  const end = thieves.filter(({ by }) => by.kind === "kernel");
  if (share.length > 0 || end.length > 0) return { kind: "act", share, end };
  const names = unique(thieves.flatMap(usersOf).map(userText));
  return { kind: "nothing", because: "shared", text: `${enumerate(names)} shares it with its owner already` };
}

function usersOf({ by }: FoundSocket): readonly SocketUser[] {
  return by.kind === "processes" ? by.users : [];
}

function isThief(socket: FoundSocket, { protocol, sockets }: FoundPort): boolean {
  if (socket.state === "ended" || isOwners(socket)) return false;
  // What a server has accepted is on its port too.
  const accepts = protocol === "tcp" && sockets.some(({ state }) => state === "listening");
  const verdicts = socket.by.kind === "kernel" ? [socket.by.verdict] : usersOf(socket).map(({ verdict }) => verdict);
  return !(accepts && socket.state === "connected") || verdicts.includes("stolen");
}

/** A socket that an owner has open beside others is the owner's. */
function isOwners(socket: FoundSocket): boolean {
  if (socket.by.kind === "kernel") return socket.by.verdict === "owner";
  return usersOf(socket).some(({ verdict }) => verdict === "owner");
}

function planNothing({ sockets }: FoundPort): ReclaimPlan {
  const owner = sockets.find(isOwners);
  if (owner !== undefined) {
    const user = usersOf(owner).find(({ verdict }) => verdict === "owner");
    const name = user === undefined ? "the kernel" : userText(user);
    return { kind: "nothing", because: "owner", text: `its owner has it, ${name}` };
  }
  const ended = sockets.some(({ state }) => state === "ended");
  const text = ended ? "nobody has it, but a connection that ended, for a minute at most" : "nobody has it";
  return { kind: "nothing", because: "nobody", text };
}

function restartOf(socket: FoundSocket): string | undefined {
  const [user] = usersOf(socket);
  return user === undefined ? undefined : pasted(restartHint(user));
}

function pasted(hint: string): string {
  return hint.startsWith("systemctl ") ? `run '${hint}'` : hint;
}

/** Undefined: it can be done. */
function whyNot(socket: FoundSocket, found: FoundPort): ReclaimPlan | undefined {
  if (socket.by.kind === "kernel") return whyNotKernel(socket, found);
  const users = usersOf(socket);
  const [first] = users;
  if (first === undefined) return cannot("nobody has it open");
  const name = userText(first);
  const hint = restartOf(socket);
  if (found.protocol === "udp") {
    return cannot(`${name} has it, and a socket of UDP that shared it could get the owner's datagrams`, hint);
  }
  if (socket.state === "listening") return cannot(`${name} listens on it, which two cannot do`, hint);
  const apart = users.find((user) => user.apart !== undefined);
  if (apart !== undefined)
    return cannot(`${userText(apart)} is not touched: ${apart.apart}`, pasted(restartHint(apart)));
  const refused = users.map(({ place }) => place).find((place) => typeof place === "string");
  const open = users.some(({ place }) => typeof place !== "string");
  return refused === undefined || open ? undefined : cannot(`the socket of ${name} cannot be copied: ${refused}`, hint);
}

function whyNotKernel({ state, family }: FoundSocket, found: FoundPort): ReclaimPlan | undefined {
  const { port, protocol, kernel, kind, holder } = found;
  const unmount = "unmount what needs it, or mount it with noresvport";
  if (protocol === "udp") return cannot("the kernel has it over UDP, and would not ask for another port", unmount);
  if (state !== "connected") return cannot("the kernel has it, and not for a connection, so that nothing can be ended");
  const [plan9] = kernel.plan9;
  if (plan9 !== undefined) {
    const hint = "unmount it, or mount it without privport";
    return cannot(`the kernel has it, perhaps for ${quote(plan9)}, a mount of 9p, which would not connect again`, hint);
  }
  if (!kernel.rpcClient) return cannot("the kernel has it, and not for its NFS client, which alone connects again");
  if (kind !== "hold") {
    const hint = `run 'sudo portreservectl hold ${port}/${protocol}', then this again`;
    return cannot("the kernel's NFS client would take it again, since nothing holds it", hint);
  }
  if (holder.kind === "running" && holder.families.includes(family)) return undefined;
  const why = {
    none: "portreserve-hold is not running",
    unknown: "whether portreserve-hold has it is not known",
    running: "portreserve-hold could not take it",
  }[holder.kind];
  const hint = "run 'portreservectl compile', and 'systemctl enable --now portreserve-hold.service'";
  const detail = holder.kind === "unknown" ? `: ${holder.reason}` : "";
  return cannot(`the kernel's NFS client would take it again, since ${why}${detail}`, hint);
}

/** By the first process that can be asked; nothing where the socket shares already. */
function shareOf(socket: FoundSocket): readonly Share[] {
  const { family, address, state, inode } = socket;
  for (const { pid, name, unit, place } of usersOf(socket)) {
    if (typeof place === "string") continue;
    return place.shares ? [] : [{ user: { pid, name, unit }, fd: place.fd, inode, family, address, state }];
  }
  return [];
}

/** What will be done, one line for each process and one for the kernel. */
export function planLines(plan: ReclaimPlan & { readonly kind: "act" }): readonly string[] {
  const byUser = new Map<string, number>();
  for (const { user } of plan.share) byUser.set(userText(user), (byUser.get(userText(user)) ?? 0) + 1);
  return [
    ...[...byUser].map(
      ([name, count]) =>
        `SO_REUSEADDR on ${counted(count, "socket")} of ${name}, beside which its owner can then bind and listen`,
    ),
    ...(plan.end.length === 0
      ? []
      : [
          `an end to ${counted(plan.end.length, "connection")} of the kernel's NFS client, which connects again from another port`,
        ]),
  ];
}
