// What the facts come to: one verdict for each allocator and each reserved port, and how the protection itself stands.
import type { Protocol, ReservationKind } from "../core/config/types.ts";

/** Never `covered` without evidence: what could not be seen is `unknown`. */
export type Verdict = "covered" | "not covered" | "unknown";

/** One thing that can hand out a privileged port. */
export interface Allocator {
  /** `program`: it does not run now. `unseen`: stands for `count` processes that could not be looked into. */
  readonly kind: "process" | "program" | "kernel" | "unseen";
  /** The program's own file name, "NFS client", or "12 processes". */
  readonly name: string;
  readonly pid: number | undefined;
  readonly unit: string | undefined;
  /** The path of the program. */
  readonly program: string | undefined;
  /** How many processes or programs this stands for: 1 for all but `unseen`. */
  readonly count: number;
  /** The functions by which it allocates, or "kernel, 665–1023". */
  readonly via: readonly string[];
  readonly verdict: Verdict;
  /** The check that decided: its id in the table of checks. */
  readonly check: string;
  /** Why, as words that follow "not covered: " and the like; always there unless it is simply covered. */
  readonly reason: string | undefined;
  /** A command, or advice, that would make it covered or known. */
  readonly hint: string | undefined;
  /** Of the kernel's: the only ports that it takes, inclusive. */
  readonly range?: { readonly min: number; readonly max: number };
}

/** Who holds a port. */
export interface Holder {
  /** `owner`: rightly. `stolen`: an allocator or the kernel has it. `unjudged`: somebody else. `unknown`: cannot be seen. `ended`: nobody, for the next minute. */
  readonly verdict: "owner" | "stolen" | "unjudged" | "unknown" | "ended";
  /** The program's own file name, "kernel", "systemd for cups.socket", or why it is not known. */
  readonly name: string;
  readonly pid: number | undefined;
  readonly unit: string | undefined;
  readonly address: string;
  readonly state: "listening" | "bound" | "connected" | "ended";
}

/** How it stands with one port that is to be held or blocked by portreserve-hold, or is. */
export interface PortHold {
  readonly kind: "hold" | "block";
  /**
   * `held`: nobody gets it who does not share it; of a block, nobody at all. `refused`: portreserve-hold cannot have it, or
   * not in each address family. `not held`: it does not run, or does not know of it. `unknown`: it says so itself, and the
   * kernel does not show it.
   */
  readonly state: "held" | "refused" | "not held" | "unknown";
  /** Why it is not held, or why that is not known; of one that is held: that others keep it while portreserve-hold is down. */
  readonly reason: string | undefined;
  readonly hint: string | undefined;
}

/** One port of one protocol that is reserved, or taken, or both. */
export interface PortState {
  readonly port: number;
  readonly protocol: Protocol;
  /** Files in /etc/portreserve that ask for it, and "(blacklist)" and the like as the configuration names them. Empty: not reserved, or only in the table. */
  readonly owners: readonly string[];
  /** The configuration asks for it, or the table has it. */
  readonly reserved: boolean;
  /** The table in force has it: only then it is kept from being handed out. */
  readonly inTable: boolean;
  /** What the configuration asks for: `hold` and `block` by a word, `reserve` for every other port. */
  readonly kind: ReservationKind;
  /**
   * `stolen` if any holder is; `unknown` if it is held and no holder can be seen. `ended`: nobody holds it, and nobody can
   * take it until the kernel forgets a connection (TIME_WAIT).
   */
  readonly state: "free" | "held" | "stolen" | "unknown" | "ended";
  /** Without portreserve-hold. */
  readonly holders: readonly Holder[];
  /** Absent for a port that nobody holds or blocks, and that nobody has asked to. */
  readonly hold?: PortHold;
}

/** The answer to one question about the protection itself. */
export interface HostAnswer {
  readonly id: string;
  readonly question: string;
  readonly state: "good" | "bad" | "unknown";
  readonly answer: string;
  /** Where `state` is good: what has to be done all the same. */
  readonly hint: string | undefined;
}

/** Something worth an administrator's while. */
export interface Hint {
  readonly id: string;
  readonly message: string;
  readonly hint: string | undefined;
}

export interface Coverage {
  readonly answers: readonly HostAnswer[];
  /** Not covered first, then unknown, then covered; processes before programs. */
  readonly allocators: readonly Allocator[];
  /** Reserved or taken ports below 1024, ascending, tcp before udp. */
  readonly ports: readonly PortState[];
  /** Of 512 to 1023, neither reserved nor taken; undefined where the sockets cannot be listed. */
  readonly portsLeft: Readonly<Record<Protocol, number>> | undefined;
  /** Different owners among the reservations. */
  readonly owners: number;
  /** Processes that allocate but cannot take a port of this host: in networks of their own, or without the right to. */
  readonly excluded: { readonly otherNetworks: number; readonly powerless: number };
  readonly hints: readonly Hint[];
  /** `not covered` if anything is not covered, stolen or bad; else `unknown` if anything is; else `covered`. */
  readonly verdict: Verdict;
}
