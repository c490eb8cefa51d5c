// The number of each outcome: the same for every verb.
import type { Outcome } from "../report/types.ts";

export const EXIT_CODES: Readonly<Record<Outcome, number>> = {
  done: 0,
  no: 1,
  usage: 2,
  incomplete: 3,
  privilege: 4,
  unsafe: 5,
  "not-executable": 126,
  "not-found": 127,
};

/** A bug: none of the outcomes. */
export const EXIT_BUG = 70;
/** Node is too old: said by the first lines of the bundle, before anything of this is read. */
export const EXIT_OLD_NODE = 69;
