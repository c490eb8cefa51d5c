// What lines ask for, gathered into sorted, unique reservations, with a bound on how much a wrong file can cost.
import type { Diagnostic, Protocol, Reservation } from "./types.ts";

/** Ports from `first` to `last`, inclusive, 1 to 65535, for one protocol. */
export interface Claim {
  readonly first: number;
  readonly last: number;
  readonly protocol: Protocol;
}

/** Takes all that one line reserves, or nothing: false once CLAIM_LIMIT is reached. */
export type TakeClaims = (claims: readonly Claim[], line: number) => boolean;

/** The most port-and-protocol pairs that all files may ask for, repetitions counted: some 100 MB at worst. */
export const CLAIM_LIMIT = 1_000_000;

/** The diagnostic on a line whose claims were not taken. */
export const TOO_MANY_CLAIMS = {
  severity: "error",
  code: "too-many-reservations",
  message: `the files ask for more than ${CLAIM_LIMIT} reservations, so this line is left out`,
  hint: "write fewer or shorter ranges",
} as const satisfies Diagnostic;

export interface ClaimStore {
  /** The taker for one file. Files must come in order of owner and path, their lines in order. */
  takerFor(owner: string, file: string): TakeClaims;
  /** All rows by port, protocol, owner and file; each once, with the first line that asked for it. */
  reservations(): Reservation[];
}

/**
 * Keeps a bucket for each port and protocol. The order of files makes each bucket sorted from the start, and a
 * repetition within a file can only follow its first mention directly.
 */
export function claimStore(): ClaimStore {
  const buckets = new Map<number, Reservation[]>();
  let taken = 0;
  return {
    takerFor(owner, file) {
      return (claims, line) => {
        const wanted = claims.reduce((sum, { first, last }) => sum + last - first + 1, 0);
        if (taken + wanted > CLAIM_LIMIT) return false;
        taken += wanted;
        for (const { first, last, protocol } of claims) {
          for (let port = first; port <= last; port += 1) add({ port, protocol, owner, file, line });
        }
        return true;
      };
    },
    reservations() {
      const keys = [...buckets.keys()].sort((a, b) => a - b);
      return keys.flatMap((key) => buckets.get(key) ?? []);
    },
  };

  function add(row: Reservation): void {
    const key = 2 * row.port + (row.protocol === "tcp" ? 0 : 1);
    const bucket = buckets.get(key);
    const previous = bucket?.at(-1);
    if (previous?.owner === row.owner && previous.file === row.file) return;
    if (bucket === undefined) buckets.set(key, [row]);
    else bucket.push(row);
  }
}
