// What lines ask for, gathered into sorted, unique reservations, with a bound on how much a wrong file can cost.
import { HOLD_LIMIT } from "../hold/held-ports.ts";
import type { Diagnostic, Protocol, Reservation, ReservationKind } from "./types.ts";

/** Ports from `first` to `last`, inclusive, 1 to 65535, for one protocol. */
export interface Claim {
  readonly first: number;
  readonly last: number;
  readonly protocol: Protocol;
}

/** What a line asks for beside reserving its ports. */
export interface Wish {
  readonly kind: Exclude<ReservationKind, "reserve">;
  /** Called where the line blocks what another one holds, once every file was read. */
  readonly onConflict: (conflict: Conflict) => void;
}

/** A port that is to be blocked and to be held: it is held. */
export interface Conflict {
  readonly port: number;
  readonly protocol: Protocol;
  /** The first line that holds it. */
  readonly held: Reservation;
  /** How many more ports of the line are so. */
  readonly more: number;
}

/**
 * Takes all that one line reserves, or nothing: 'too many' once CLAIM_LIMIT is reached. 'not kept': reserved, but neither
 * held nor blocked, since HOLD_LIMIT is reached.
 */
export type TakeClaims = (claims: readonly Claim[], line: number, wish?: Wish) => "taken" | "too many" | "not kept";

/** The most port-and-protocol pairs that all files may ask for, repetitions counted: some 100 MB at worst. */
export const CLAIM_LIMIT = 1_000_000;

/** The diagnostic on a line whose claims were not taken. */
export const TOO_MANY_CLAIMS = {
  severity: "error",
  code: "too-many-reservations",
  message: `the files ask for more than ${CLAIM_LIMIT} reservations, so this line is left out`,
  hint: "write fewer or shorter ranges",
} as const satisfies Diagnostic;

/** The diagnostic on a line whose ports are reserved, but neither held nor blocked. */
export const TOO_MANY_KEPT = {
  severity: "error",
  code: "too-many-held",
  message: `the files hold and block more than ${HOLD_LIMIT} ports, each protocol counted, so those of this line are only reserved`,
  hint: "write fewer or shorter ranges, or '/tcp' or '/udp' behind a port that needs one protocol",
} as const satisfies Diagnostic;

export interface ClaimStore {
  /** The taker for one file. Files must come in order of owner and path, their lines in order. */
  takerFor(owner: string, file: string): TakeClaims;
  /** Tells each line that blocks what is held. */
  settle(): void;
  /** All rows by port, protocol, owner and file; each once, with the first line that asked for its kind. */
  reservations(): Reservation[];
}

interface Block {
  readonly claims: readonly Claim[];
  readonly onConflict: Wish["onConflict"];
}

/** Which kind a file asks for when its lines differ: one that keeps everybody out must not come from a second thought. */
const STRENGTH: Readonly<Record<ReservationKind, number>> = { reserve: 0, block: 1, hold: 2 };

/**
 * Keeps a bucket for each port and protocol. The order of files makes each bucket sorted from the start, and a
 * repetition within a file can only follow its first mention directly.
 */
export function claimStore(): ClaimStore {
  const buckets = new Map<number, Reservation[]>();
  const kept = new Set<number>();
  const blocks: Block[] = [];
  let taken = 0;
  return {
    takerFor(owner, file) {
      return (claims, line, wish) => {
        const wanted = claims.reduce((sum, { first, last }) => sum + last - first + 1, 0);
        if (taken + wanted > CLAIM_LIMIT) return "too many";
        taken += wanted;
        const isKept = wish !== undefined && keep(claims);
        if (isKept && wish.kind === "block") blocks.push({ claims, onConflict: wish.onConflict });
        const kind = isKept ? wish.kind : "reserve";
        for (const { first, last, protocol } of claims) {
          for (let port = first; port <= last; port += 1) add({ port, protocol, owner, file, line, kind });
        }
        return wish === undefined || isKept ? "taken" : "not kept";
      };
    },
    settle() {
      for (const { claims, onConflict } of blocks) {
        const found = heldAmong(claims);
        if (found !== undefined) onConflict(found);
      }
    },
    reservations() {
      const keys = [...buckets.keys()].sort((a, b) => a - b);
      return keys.flatMap((key) => buckets.get(key) ?? []);
    },
  };

  function keep(claims: readonly Claim[]): boolean {
    const fresh: number[] = [];
    for (const { first, last, protocol } of claims) {
      if (last - first >= HOLD_LIMIT) return false;
      for (let port = first; port <= last; port += 1) {
        const key = keyOf(port, protocol);
        if (!kept.has(key)) fresh.push(key);
      }
    }
    if (kept.size + fresh.length > HOLD_LIMIT) return false;
    for (const key of fresh) kept.add(key);
    return true;
  }

  function heldAmong(claims: readonly Claim[]): Conflict | undefined {
    let found: Omit<Conflict, "more"> | undefined;
    let count = 0;
    for (const { first, last, protocol } of claims) {
      for (let port = first; port <= last; port += 1) {
        const held = buckets.get(keyOf(port, protocol))?.find(({ kind }) => kind === "hold");
        if (held === undefined) continue;
        found ??= { port, protocol, held };
        count += 1;
      }
    }
    return found === undefined ? undefined : { ...found, more: count - 1 };
  }

  function add(row: Reservation): void {
    const key = keyOf(row.port, row.protocol);
    const bucket = buckets.get(key);
    const previous = bucket?.at(-1);
    if (previous?.owner === row.owner && previous.file === row.file) {
      if (STRENGTH[row.kind] > STRENGTH[previous.kind]) bucket?.splice(-1, 1, row);
      return;
    }
    if (bucket === undefined) buckets.set(key, [row]);
    else bucket.push(row);
  }
}

function keyOf(port: number, protocol: Protocol): number {
  return 2 * port + (protocol === "tcp" ? 0 : 1);
}
