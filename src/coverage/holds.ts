// Which ports portreserve-hold really has: what its own file says, as far as the kernel shows the same.
import type { Protocol } from "../core/config/types.ts";
import { type HeldPort, heldPorts } from "../core/hold/held-ports.ts";
import { isUnseen, type Unseen } from "../core/seen.ts";
import { showsBoundSockets } from "../core/sockets/bound.ts";
import { AS_ROOT, asRoot } from "./as-root.ts";
import type { PortHold } from "./coverage.ts";
import type { HostFacts } from "./facts.ts";
import type { HeldFacts, HolderFacts } from "./hold-facts.ts";

type Place = Pick<HeldPort, "port" | "protocol">;
type Answer = Omit<PortHold, "kind">;

/** Finds the hold of a port at once; undefined for one that nobody holds, and that nobody has asked to. */
export type HoldOf = (place: Place) => PortHold | undefined;

/** Every port that is to be held or blocked, or is, and how it stands with each. */
export function holdsIn(facts: HostFacts): readonly (HeldPort & PortHold)[] {
  const { holder = NONE } = facts;
  const asked = heldPorts({ reservations: facts.reservations ?? [] });
  const told = holder.kind === "running" ? holder.held : [];
  const known = new Map(told.map((one) => [keyOf(one), one]));
  if (holder.kind === "none") return asked.map((one) => ({ ...placeOf(one), ...withoutHolder(one, holder) }));
  const unfit = whyUnfit(holder, facts);
  const shown = shownSockets(holder, facts);
  const askedAlone = asked.filter((one) => !known.has(keyOf(one)));
  return [
    ...told.map((one) => ({ ...placeOf(one), ...(unfit ?? judged(one, shown, facts)) })),
    ...askedAlone.map((one) => ({ ...placeOf(one), ...(unfit ?? NOT_TOLD) })),
  ];
}

export function holdsByPort(holds: ReturnType<typeof holdsIn>): HoldOf {
  const found = new Map(
    holds.map(({ kind, state, reason, hint, ...place }) => [keyOf(place), { kind, state, reason, hint }]),
  );
  return (place) => found.get(keyOf(place));
}

export const NONE: HolderFacts = { kind: "none", start: undefined };

const keyOf = ({ port, protocol }: Place): string => `${port}/${protocol}`;
const placeOf = ({ kind, port, protocol }: HeldPort): HeldPort => ({ kind, port, protocol });
const answer = (state: PortHold["state"], reason?: string, hint?: string): Answer => ({ state, reason, hint });

const NOT_TOLD = answer("not held", "portreserve-hold has not been told of it", "portreservectl compile");

/** What its service manager keeps is bound as before; in each family, where it keeps anything in both. */
function withoutHolder(one: HeldPort, { start, kept = [] }: HolderFacts & { kind: "none" }): Answer {
  if (isUnseen(kept)) return answer("unknown", `${DOWN}, and what systemd keeps for it cannot be seen`, asRoot(kept));
  const its = kept.filter((other) => keyOf(other) === keyOf(one) && other.kind === one.kind);
  const families = new Set(its.map(({ family }) => family));
  if (its.length === 0 || !kept.every(({ family }) => families.has(family))) {
    return answer("not held", DOWN, startHint(start));
  }
  return answer("held", `${DOWN}, and systemd keeps its sockets`, startHint(start));
}

const DOWN = "portreserve-hold does not run";

/** What keeps it from holding any port of this network; undefined where nothing does. */
function whyUnfit(holder: Exclude<HolderFacts, { kind: "none" }>, { processes }: HostFacts): Answer | undefined {
  switch (holder.kind) {
    case "unknown":
      return answer("unknown", holder.why.unseen, asRoot(holder.why));
    case "running": {
      const network = processes.find(({ pid }) => pid === holder.pid)?.network ?? NOT_SEEN;
      if (isUnseen(network)) return answer("unknown", `its network cannot be seen: ${network.unseen}`, asRoot(network));
      return network === "same" ? undefined : answer("not held", "portreserve-hold runs in another network namespace");
    }
    default:
      return holder satisfies never;
  }
}

const NOT_SEEN: Unseen = { unseen: "the process was not found", rootWould: false };

/** A command, or words where there is no systemd. */
function startHint(start: (HolderFacts & { kind: "none" })["start"]): string {
  if (start === "unit") return "systemctl start portreserve-hold.service";
  return start === "program"
    ? "start 'portreserve-hold' as root, from where this host starts its daemons"
    : "portreservectl install";
}

interface Shown {
  readonly its: ReadonlySet<string>;
  /** Those of which it is not known who has them. */
  readonly somebodys: ReadonlySet<string>;
}

const socketKey = (protocol: Protocol, family: "inet" | "inet6", port: number): string =>
  `${protocol} ${family} ${port}`;

function shownSockets(holder: HolderFacts, { sockets }: HostFacts): Shown {
  const [its, somebodys] = [new Set<string>(), new Set<string>()];
  if (holder.kind !== "running") return { its, somebodys };
  for (const { protocol, family, address, port, state, holders } of sockets) {
    if (state !== "bound" || address !== ANY[family]) continue;
    if (isUnseen(holders)) somebodys.add(socketKey(protocol, family, port));
    else if (holders.includes(holder.pid)) its.add(socketKey(protocol, family, port));
  }
  return { its, somebodys };
}

const ANY = { inet: "0.0.0.0", inet6: "::" } as const;

function judged(one: HeldFacts, shown: Shown, facts: HostFacts): Answer {
  const { protocol, port, ipv4, ipv6 } = one;
  if (ipv4 === "refused" || ipv6 === "refused") return refused(one, facts);
  const families = [...(ipv4 === "absent" ? [] : ["inet" as const]), ...(ipv6 === "absent" ? [] : ["inet6" as const])];
  if (families.length === 0) return answer("refused", "this kernel has neither IPv4 nor IPv6");
  // Of ports above no socket is looked at, and older kernels show none of TCP that is only bound.
  if (port >= 1024 || (protocol === "tcp" && !showsBoundSockets(facts.kernel.release))) return answer("held");
  const missing = families.filter((family) => !shown.its.has(socketKey(protocol, family, port)));
  if (missing.length === 0) return answer("held");
  const blind = missing.some((family) => shown.somebodys.has(socketKey(protocol, family, port)));
  if (blind) return answer("unknown", "whether portreserve-hold has its socket cannot be seen", AS_ROOT);
  return answer("unknown", "portreserve-hold says that it has it, and the kernel shows no such socket");
}

/** By whom is for those to say who know the others. */
function refused({ kind, protocol, port, error }: HeldFacts, facts: HostFacts): Answer {
  const unit = facts.holder?.kind === "running" ? "systemctl restart portreserve-hold.service" : undefined;
  switch (error) {
    case "EADDRINUSE":
      return kind === "block"
        ? answer("refused", "somebody has the port (EADDRINUSE)", `ss -tunap 'sport = :${port}'`)
        : answer(
            "refused",
            "somebody has the port who does not set SO_REUSEADDR (EADDRINUSE)",
            `portreservectl reclaim ${port}/${protocol}`,
          );
    case "EPERM":
      return answer("refused", "portreserve-hold lacks CAP_NET_ADMIN, and somebody listens there (EPERM)", unit);
    case "EACCES":
      return answer("refused", "portreserve-hold lacks CAP_NET_BIND_SERVICE (EACCES)", unit);
    case "ENOPROTOOPT":
      return answer("refused", "this kernel cannot hold ports of UDP: that came with Linux 5.7 (ENOPROTOOPT)");
    default:
      return answer("refused", `the kernel said ${error ?? "nothing"}`);
  }
}
