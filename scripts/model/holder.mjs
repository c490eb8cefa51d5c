// What is run of native/model/holder.pml.
import { HOLDS } from "./words.mjs";

/** Never reached: that the port of TCP is refused, which is the first one and bound beside who has it. */
export const together = ["refused"];

export const isSmall = () => true;

/** Two ports, the second one of one address family, and one death of the holder, where nothing else is said. */
function small(macros = "", { turns = 2, deaths = 1, slots = 2 } = {}) {
  return `TURNS=${turns} DEATHS=${deaths} SLOTS=${slots} ${macros}`.trim();
}

function broken(what, invariant, macros = "") {
  return small(`BREAK_${what} ONLY=${invariant} ${macros}`);
}

/** Its name, the model's macros, and what is expected. */
export const runs = [
  ["two compiles, one death", small("KINDS"), HOLDS],
  ["three compiles, no death", small("KINDS", { turns: 3, deaths: 0 }), HOLDS],
  ["one compile, two deaths, both families", small("KINDS", { turns: 1, deaths: 2, slots: 3 }), HOLDS],
  ["somebody has the port of TCP", small("THIEF=0", { turns: 1 }), HOLDS],
  ["somebody has the port of UDP", small("THIEF=1 KINDS", { turns: 1 }), HOLDS],
  ["somebody damages the file", small("DAMAGE"), HOLDS],
  ["a foreign socket is handed over", small("FOREIGN", { turns: 1, deaths: 2 }), HOLDS],
  ["fewer descriptors than ports", small("DESCRIPTORS=2"), HOLDS],
  ["(large) two compiles, two deaths, both families", small("KINDS", { deaths: 2, slots: 3 }), HOLDS],
  ["(large) three compiles, two deaths", small("KINDS", { turns: 3, deaths: 2 }), HOLDS],

  ["broken: closed before the new are open", broken("CLOSED_FIRST", "KEPT"), "KEPT violated"],
  ["broken: forgotten before the new are stored", broken("FORGOTTEN_FIRST", "KEPT"), "KEPT violated"],
  ["broken: nothing is stored", broken("NO_STORE", "KEPT"), "KEPT violated"],
  ["broken: half a hold is closed", broken("HALF_SHARED_CLOSED", "KEPT", "KINDS"), "KEPT violated"],
  ["broken: nowhere a second time", broken("NOWHERE_AGAIN", "KEPT", "KINDS"), "KEPT violated"],
  ["broken: a signal between look and sleep is lost", broken("FLAG_LOST", "NEWEST"), "NEWEST violated"],
  ["broken: told before the rename", broken("TOLD_BEFORE", "NEWEST"), "NEWEST violated"],
  ["broken: told only by who has written", broken("NOT_COMPARED", "NEWEST"), "NEWEST violated"],
  ["broken: not looked at again after the state", broken("NOT_LOOKED_AGAIN", "NEWEST"), "NEWEST violated"],
  ["broken: no descriptor to spare", broken("NONE_SPARE", "NEWEST", "DESCRIPTORS=2"), "NEWEST violated"],
  ["broken: taken back where known to be stored", broken("TAKEN_BACK_IF_STORED", "FREE", "FOREIGN"), "FREE violated"],
  ["broken: read by name twice", broken("READ_TWICE", "WHOLE"), "WHOLE violated"],
  ["broken: no last line", broken("NO_LAST_LINE", "WHOLE", "DAMAGE"), "WHOLE violated"],
  ["broken: a refused file is an empty one", broken("REFUSED_IS_EMPTY", "SOME", "DAMAGE"), "SOME violated"],
  ["broken: the state is written last", broken("STATE_LAST", "HONEST"), "HONEST violated"],
  ["broken: what is taken back is not waited for", broken("NO_BARRIER", "READY", "KINDS"), "READY violated"],
  ["broken: shared before it is nowhere", broken("SHARED_FIRST", "OWNERS", "KINDS"), "OWNERS violated"],
  [
    "limit: a foreign socket with the name of ours",
    small("FOREIGN LIMIT_SAME_NAME ONLY=KEPT", { turns: 1, deaths: 2 }),
    "KEPT violated",
  ],
  ["limit: a hold becomes a block", small("LIMIT_TO_BLOCK ONLY=KEPT KINDS"), "KEPT violated"],
];
