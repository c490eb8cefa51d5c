// The words of the configuration as data: what was read, what it reserves, and what was wrong with it.

export type Protocol = "tcp" | "udp";

/** A place in an input file. Lines and columns count from 1, columns in characters; `length` is at least 1. */
export interface Place {
  /** The path as the administrator knows it (without any --root), as raw text: reports escape it before showing it. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly length: number;
  /** The whole line, as raw text, for the excerpt with the caret. */
  readonly text: string;
}

/**
 * One diagnostic about the input. `error`: something was rejected and does not take effect.
 * `note`: accepted, but the administrator may have meant something else.
 */
export interface Diagnostic {
  readonly severity: "error" | "note";
  /** Stable kebab-case identifier, for scripts and tests. */
  readonly code: string;
  /** Lower case, no full stop, user text in single quotes. Raw text: reports escape it before showing it. */
  readonly message: string;
  /** What to do about it, or what to write instead. */
  readonly hint?: string;
  /** Where, for diagnostics on a line. */
  readonly place?: Place;
  /** Where, for diagnostics on a whole file or folder. */
  readonly file?: string;
  /** How many diagnostics this one stands for, where that is not itself alone: only for the code 'more-diagnostics'. */
  readonly count?: number;
}

/** One file that was read: its path as the administrator knows it, and its bytes. */
export interface SourceFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** A file of /etc/portreserve: its name is the owner of all it reserves. */
export interface OwnerFile extends SourceFile {
  readonly owner: string;
}

/** Everything a table is compiled from. `problems` are the entries that could not be read at all. */
export interface Inputs {
  readonly owners: readonly OwnerFile[];
  /** /etc/services, or undefined where there is none to read. */
  readonly services: SourceFile | undefined;
  /** /usr/etc/services, for names that the first does not list. */
  readonly vendorServices?: SourceFile;
  /** The services file that is there and cannot be read; `problems` says why. */
  readonly servicesUnread?: string;
  /** /etc/bindresvport.blacklist, or undefined where there is none or it is left out. */
  readonly blacklist: SourceFile | undefined;
  /** The blacklist that is there and cannot be read. */
  readonly blacklistUnread?: string;
  readonly problems: readonly Diagnostic[];
}

/**
 * What a line asks for. `reserve`: the port is never handed out. `hold`: and nobody can take it either who does not share
 * it, which owners do by SO_REUSEADDR. `block`: and nobody can have it at all.
 */
export type ReservationKind = "reserve" | "hold" | "block";

/** A port and protocol that must never be handed out, and the line that says so. */
export interface Reservation {
  /** 1 to 65535; only ports below 1024 enter the table. */
  readonly port: number;
  readonly protocol: Protocol;
  /** The service named by the file in /etc/portreserve; "bindresvport.blacklist" for lines of that file. */
  readonly owner: string;
  readonly file: string;
  /** The first one of the file that asks for the port by this kind. */
  readonly line: number;
  /** The strongest that a line of the file asks for; a block is a hold where any line of any file says hold. */
  readonly kind: ReservationKind;
}

/** What the inputs mean: sorted by port, protocol, owner, file and line; each such row once. */
export interface Configuration {
  readonly reservations: readonly Reservation[];
  readonly diagnostics: readonly Diagnostic[];
}
