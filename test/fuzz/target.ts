// What scripts/fuzz/worker.mjs runs: cases without end, and what must hold for each of them.
import type fc from "fast-check";

export interface FuzzTarget<T> {
  /** How many real inputs the cases are made from. */
  readonly seeds: number;
  readonly cases: fc.Arbitrary<T>;
  /** Throws where something does not hold. */
  readonly check: (value: T) => void;
  /** A case as the report of a finding has it. */
  readonly show: (value: T) => string;
  /** For what is too slow to ask about each case: called with some hundred now and then. Throws like `check`. */
  readonly checkSome?: (values: readonly T[]) => void;
}

export function insist(holds: boolean, what: () => string): asserts holds {
  if (!holds) throw new Error(what());
}

/** Bytes for a report: what can be pasted into a test. */
export function shownBytes(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return `${buffer.length} bytes, in base64: ${buffer.toString("base64")}`;
}
