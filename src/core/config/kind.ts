// The word behind a port: what is done beside reserving it, and what is said of words that are near to one.
import { quote } from "../text.ts";
import type { Fault } from "./fault.ts";
import { nearest } from "./suggest.ts";
import type { ReservationKind } from "./types.ts";

/** Behind no port stands 'reserve': that is what a line does without a word. */
const KIND_WORDS: readonly Exclude<ReservationKind, "reserve">[] = ["hold", "block"];

/** The kind that a word asks for, in any case of its letters; undefined for any other word. */
export function kindOfWord(word: string): Exclude<ReservationKind, "reserve"> | undefined {
  const lower = word.toLowerCase();
  return KIND_WORDS.find((kind) => kind === lower);
}

/** What may have been meant by a word that is none: 'hodl', 'holds', 'blocked'. */
export function kindNear(word: string): Exclude<ReservationKind, "reserve"> | undefined {
  const near = nearest(word, KIND_WORDS);
  return near === undefined ? undefined : kindOfWord(near);
}

/** The fault of a word behind a word: `before` is the part of the line in front of both. Offsets count within the line. */
export function secondKind(before: string, first: string, second: string, start: number): Fault {
  const same = first.toLowerCase() === second.toLowerCase();
  const [one, other] = KIND_WORDS.map((kind) => quote(`${before} ${kind}`));
  return {
    code: "second-word",
    message: same
      ? `${quote(second)} stands twice behind ${quote(before)}`
      : `${quote(second)} after ${quote(first)}: a port is held for its owner or blocked for everybody`,
    hint: same ? `write ${quote(`${before} ${first.toLowerCase()}`)}` : `write ${one} or ${other}`,
    start,
    end: start + second.length,
  };
}

/** The fault of a word in front of what it belongs behind. `entry`: that, where it could stand alone. */
export function kindInFront(word: string, entry: string | undefined, start: number): Fault {
  const kind = word.toLowerCase();
  const hint =
    entry === undefined ? `write the port or the service first: '631 ${kind}'` : `write ${quote(`${entry} ${kind}`)}`;
  const message = entry === undefined ? `no port in front of ${quote(word)}` : `${quote(word)} in front of the port`;
  return { code: "word-in-front", message, hint, start, end: start + word.length };
}
