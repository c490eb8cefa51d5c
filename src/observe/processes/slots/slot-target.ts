// Where a word in a process's memory leads: to the shim, to the loader's stub for calls not made yet, or elsewhere.

import type { Seen } from "../../../core/seen.ts";
import type { Binding } from "../../../coverage/facts.ts";
import type { Mapping } from "../maps.ts";

export type LeadsTo = "shim" | "other" | "not yet";

/** One loaded copy of an object: where its addresses count from, and the mappings of the same file. */
export interface Copy {
  readonly base: bigint;
  readonly mappings: readonly Mapping[];
}

/**
 * Each copy among a process's mappings of one file; dlmopen loads more than one. `firstLoad` and `firstOffset`: see
 * ObjectSlots. A mapping made by somebody who only reads the file is taken for a copy too: its slots are not in `mappings`.
 */
export function copiesOf(mappings: readonly Mapping[], firstLoad: number, firstOffset: number): readonly Copy[] {
  return mappings
    .filter(({ offset }) => offset === BigInt(firstOffset))
    .map(({ start }) => ({ base: start - BigInt(firstLoad), mappings }));
}

/** Whether a slot of a copy at this address can be one: within what is mapped of the file. */
export function isWithin(mappings: readonly Mapping[], address: bigint): boolean {
  return mappings.some(({ start, end }) => start <= address && address < end);
}

/**
 * `word` is what the slot holds now, `initial` what it has in the file: a lazy call's slot leads to its own stub, which
 * the loader moved with the object, until the first call.
 */
export function leadsTo(word: bigint, initial: bigint | undefined, copy: Copy, shim: readonly Mapping[]): LeadsTo {
  if (
    isWithin(
      shim.filter(({ executable }) => executable),
      word,
    )
  )
    return "shim";
  if (word === 0n || (initial !== undefined && initial !== 0n && (word === initial || word === initial + copy.base)))
    return "not yet";
  return "other";
}

/** Of all slots of one symbol, the one that counts: what is not the shim is worse than what is not known, and that than the rest. */
export function worst(all: readonly Binding["leadsTo"][]): Seen<LeadsTo> | undefined {
  const unseen = all.find((one) => typeof one !== "string");
  if (all.includes("other")) return "other";
  if (unseen !== undefined) return unseen;
  return all.includes("not yet") ? "not yet" : all[0];
}
