// Checks native/model/replacement.pml with spin, exhaustively: what must hold, and that each thing left out breaks it.
// --large: configurations of minutes and 1.3 GB too; --record: those, and the result goes to docs/evidence.
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { record } from "./evidence.mjs";
import { have, root } from "./step.mjs";

const model = path.join(root, "native", "model", "replacement.pml");
const text = readFileSync(model, "utf8");
const options = process.argv.slice(2);
if (options.some((option) => option !== "--record" && option !== "--large")) {
  console.error("usage: node scripts/model.mjs [--large] [--record]");
  process.exit(2);
}
const recording = options.includes("--record");
const large = recording || options.includes("--large");

const HOLDS = "all hold";
const ENDS = "calls end";
/** Where nobody else writes to the table, what is no table is never met. */
const TABLES = ["not a table"];
const ALONE = [...TABLES, "reads for itself"];

/**
 * What is run: its name, the model's macros, what is expected, and the marks (`occurs`) that are never reached. Every
 * other statement must be, in a run that ends without a violation: what was never done was not checked.
 */
const runs = [
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

/** Runs a command; its output, whatever its status. Throws where it cannot be started, or fails and `mayFail` is not set. */
function output(cwd, command, args, mayFail = false) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (data) => {
        said += data;
      });
    }
    child.on("error", reject);
    child.on("close", (status, signal) => {
      if (status === 0 || mayFail) resolve(said);
      else reject(new Error(`'${command} ${args.join(" ")}' failed (${status ?? signal}): ${said}`));
    });
  });
}

/** The invariants by their numbers: the model's first definitions that have a number and a meaning. */
const invariants = new Map(
  [...text.matchAll(/^#define ([A-Z_]+) (\d) +\/\* (?:not )?an? invariant/gm)].map(([, name, number]) => [
    number,
    name,
  ]),
);

/** What the checker found, from its report. Anything that is not a whole search is an error. */
function verdict(said, expected) {
  const violated = said.match(/assertion violated \(\((\d)(?:!=|>=)\d\)/)?.[1];
  if (violated !== undefined) return `${invariants.get(violated)} violated`;
  if (/^pan:\d+: invalid end state/m.test(said)) return "waits for ever";
  if (/^pan:\d+: non-progress cycle/m.test(said)) return "goes in circles";
  const whole = /errors: 0$/m.test(said) && !/Search not completed|too small|out of memory|aborted/i.test(said);
  if (!whole || said.includes("assertion violated")) throw new Error(`the search was not completed:\n${said}`);
  if (expected === ENDS) return ENDS;
  const only = expected.match(/^([A-Z_]+) holds$/)?.[1];
  return only === undefined ? HOLDS : `${only} holds`;
}

const lines = text.split("\n");

/** The lines never reached, by the mark on them or their text. The end of a process that never ends is none. */
function unreached(said) {
  const found = [...said.matchAll(/^\t\S*replacement\.pml:(\d+), state \d+, "(.*)"$/gm)];
  const texts = found.flatMap(([, number, statement]) => {
    if (statement === "-end-") return [];
    const line = lines[Number(number) - 1] ?? "";
    return [line.match(/occurs\("([^"\\]*)/)?.[1] ?? `line ${number}: ${line.trim()}`];
  });
  return [...new Set(texts)].sort();
}

/** Builds and runs one checker; the row of its result. */
async function check([name, macros, expected, never = [], kind = "safety"]) {
  const defines = macros.split(" ").map((macro) => `-D${macro}`);
  const unknown = macros.split(/[ =]/).filter((word) => !/^\d+$/.test(word) && !new RegExp(`\\b${word}\\b`).test(text));
  if (unknown.length > 0) throw new Error(`'${name}': the model has no ${unknown.join(", ")}`);
  const folder = path.join(root, ".cache", "model", name.replace(/[^a-z0-9]+/gi, "-"));
  mkdirSync(folder, { recursive: true });
  await output(folder, "spin", ["-a", ...defines, model]);
  // The search of a broken one is over at once; the others are worth a better build.
  const fast = expected.endsWith("hold") && !/ (ONLY|CALLS)/.test(macros) ? "-O1" : "-O0";
  const cycles = kind === "cycles";
  await output(folder, "gcc", [fast, "-w", "-DCOLLAPSE", cycles ? "-DNP" : "-DSAFETY", "-o", "pan", "pan.c"]);
  const said = await output(folder, "./pan", ["-m100000", "-w22", ...(cycles ? ["-l"] : [])], true);
  const found = verdict(said, expected);
  const [states, depth] = [/^ *(\d+) states, stored/m, /depth reached (\d+)/].map((what) =>
    Number(said.match(what)?.[1]),
  );
  const missed = found === expected && kind === "safety" && !expected.includes("violated") ? unreached(said) : [];
  const lacks = expected === "waits for ever" ? "" : difference(missed, never);
  return { name, expected, found, states, depth, ok: found === expected && lacks === "", lacks };
}

/** Says how what was never reached differs from what may be. */
function difference(missed, never) {
  const surplus = missed.filter((each) => !never.includes(each));
  const absent = never.filter((each) => !missed.includes(each));
  return [...surplus.map((each) => `never: ${each}`), ...absent.map((each) => `now and then after all: ${each}`)].join(
    "; ",
  );
}

/** Two at a time; the results in the order of `runs`. */
async function checkAll(wanted) {
  const results = new Array(wanted.length);
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < wanted.length; at = next++) results[at] = await check(wanted[at]);
  };
  await Promise.all([worker(), worker()]);
  return results;
}

if (have("spin", "spin") && have("gcc", "gcc")) {
  const began = Date.now();
  const results = await checkAll(runs.filter(([name]) => large || !name.startsWith("(large)")));
  const row = (cells) =>
    [cells[0].padEnd(47), cells[1].padEnd(17), cells[2].padEnd(17), cells[3].padStart(11), cells[4].padStart(7)].join(
      " ",
    );
  console.log(`     ${row(["variant", "expected", "found", "states", "depth"])}`);
  for (const { name, expected, found, states, depth, ok, lacks } of results) {
    console.log(
      `${ok ? "ok  " : "FAIL"} ${row([name, expected, found, states.toLocaleString("en-US"), String(depth)])}`,
    );
    if (lacks !== "") console.log(`     ${lacks}`);
  }
  const failed = results.filter(({ ok }) => !ok).length;
  console.log(`${results.length} searches in ${Math.round((Date.now() - began) / 1000)} s`);
  if (failed > 0) {
    console.error(`error: ${failed} of the model's variants came out differently`);
    process.exit(1);
  }
  if (recording) {
    record("model", {
      title: "The replacement of the table, modelled",
      command: "npm run test:model -- --record",
      note:
        "`native/model/replacement.pml`, searched exhaustively by spin, every order of every step. " +
        "A violated invariant ends a search; what the invariants and the variants are is in `native/model/README.md`.",
      columns: ["variant", "expected", "found", "states", "depth"],
      rows: results.map(({ name, expected, found, states, depth }) => [name, expected, found, states, depth]),
      packages: ["spin", "gcc"],
    });
  }
}
