// What is run of native/model/replacement.pml.
import { ENDS, HOLDS } from "./words.mjs";

export const isSmall = (macros) => / (ONLY|CALLS)/.test(macros);

/** Where nobody else writes to the table, what is no table is never met. */
const TABLES = ["not a table"];
const ALONE = [...TABLES, "reads for itself"];

/**
 * What is run: its name, the model's macros, what is expected, and the marks (`occurs`) that are never reached. Every
 * other statement must be, in a run that ends without a violation: what was never done was not checked.
 */
export const runs = [
  ["two threads of one program", "TURNS=2 THREADS=2", HOLDS, TABLES],
  ["two programs, or a fork's child", "TURNS=2 THREADS=2 SECOND=1", HOLDS, TABLES],
  ["one thread, three verbs", "TURNS=3 THREADS=1", HOLDS, ALONE],
  ["mapping is refused", "TURNS=2 THREADS=1 REFUSE", HOLDS, TABLES.concat("reads for itself")],
  ["power cut", "TURNS=3 THREADS=1 POWER", HOLDS, ALONE],
  ["a foreign hand damages the file", "TURNS=3 THREADS=1 FOREIGN", HOLDS, ["reads for itself"]],
  ["no free descriptor: each port", "TURNS=1 THREADS=2 LIMIT_NO_DESCRIPTOR ONLY=PER_PORT", "PER_PORT holds", TABLES],
  ["no call waits for ever", "TURNS=1 THREADS=2 SECOND=1 CALLS=2", HOLDS, TABLES],
  ["no call goes in circles", "TURNS=1 THREADS=2 SECOND=1 CALLS=1", ENDS, [], "cycles"],
  ["(large) two threads, three verbs", "TURNS=3 THREADS=2", HOLDS, TABLES],
  ["(large) three threads in two programs", "TURNS=1 THREADS=3", HOLDS, TABLES],

  ["control: a killed compile is healed, and seen", "TURNS=2 THREADS=1 ONLY=HEALED", "HEALED violated"],
  ["broken: marked after the rename", broken("MARK_AFTER_RENAME", "LATER"), "LATER violated"],
  ["broken: no mark", broken("NO_MARK", "LATER"), "LATER violated"],
  ["broken: written in place", broken("IN_PLACE", "REPAIR"), "REPAIR violated"],
  ["broken: the same, without checksum", `${broken("IN_PLACE", "MIXTURE")} BREAK_NO_CHECKSUM`, "MIXTURE violated"],
  ["broken: the mark is not looked at", broken("NOT_CHECKED", "LATER"), "LATER violated"],
  ["broken: looked at before bind(), not by it", broken("CHECKED_BEFORE", "AT_ONCE"), "AT_ONCE violated"],
  ["broken: mapped by name, not by descriptor", broken("MAPPED_BY_NAME", "LATER"), "LATER violated"],
  ["broken: a retired table counts as unchanged", broken("MARK_NOT_ASKED", "RIGHT"), "RIGHT violated"],
  ["broken: threads without an owner", "TURNS=2 THREADS=2 BREAK_NOT_OWNED ONLY=MIXTURE", "MIXTURE violated"],
  ["broken: the same, later calls", "TURNS=2 THREADS=2 BREAK_NOT_OWNED ONLY=LATER", "LATER violated"],
  ["broken: calls wait for the owner", "TURNS=1 THREADS=2 SECOND=1 CALLS=1 BREAK_WAITS", "waits for ever"],
  [
    "broken: calls spin for the owner",
    "TURNS=1 THREADS=2 SECOND=1 CALLS=1 BREAK_SPINS",
    "goes in circles",
    [],
    "cycles",
  ],
  ["broken: the file is not flushed", `${broken("NO_FSYNC", "REPAIR")} POWER`, "REPAIR violated"],
  ["broken: the folder is not flushed", `${broken("FOLDER_NOT_FLUSHED", "LATER")} POWER`, "LATER violated"],
  [
    "broken: nor by a compile without changes",
    "TURNS=3 THREADS=1 POWER BREAK_UNCHANGED_NOT_FLUSHED ONLY=LATER",
    "LATER violated",
  ],
  ["limit: renamed over by a foreign hand", "TURNS=3 THREADS=1 LIMIT_FOREIGN_RENAME ONLY=LATER", "LATER violated"],
  ["limit: copied over by a foreign hand", "TURNS=3 THREADS=1 LIMIT_FOREIGN_COPY ONLY=LATER", "LATER violated"],
  ["limit: no free descriptor", "TURNS=1 THREADS=2 LIMIT_NO_DESCRIPTOR ONLY=MIXTURE", "MIXTURE violated"],
];

/** One thing left out, in the smallest configuration that shows it, and only the invariant that it breaks looked at. */
function broken(what, invariant) {
  return `TURNS=2 THREADS=1 BREAK_${what} ONLY=${invariant}`;
}
