// Checks the models of native/model with spin, exhaustively: what must hold, and that each thing left out breaks it.
// --large: configurations of minutes and 1.3 GB too; --record: those, and the result goes to docs/evidence.
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { record } from "./evidence.mjs";
import * as holder from "./model/holder.mjs";
import * as replacement from "./model/replacement.mjs";
import { ENDS, HOLDS } from "./model/words.mjs";
import { have, heard, root } from "./step.mjs";

const options = process.argv.slice(2);
if (options.some((option) => option !== "--record" && option !== "--large")) {
  console.error("usage: node scripts/model.mjs [--large] [--record]");
  process.exit(2);
}
const recording = options.includes("--record");
const large = recording || options.includes("--large");

/**
 * `together`: what no run has reached, of those that look at everything; else each run lists what it does not reach.
 * `invariants`, by their numbers: the first definitions that have a number and a meaning.
 */
const models = [modelOf("replacement", replacement), modelOf("holder", holder)];

function modelOf(name, { runs, together, isSmall }) {
  const file = path.join(root, "native", "model", `${name}.pml`);
  const text = readFileSync(file, "utf8");
  const invariants = new Map(
    [...text.matchAll(/^#define ([A-Z_]+) (\d) +\/\* (?:not )?an? invariant/gm)].map(([, word, number]) => [
      number,
      word,
    ]),
  );
  return { name, runs, together, isSmall, file, text, lines: text.split("\n"), invariants };
}

/** Runs a command; its output, whatever its status. Throws where it cannot be started, or fails and `mayFail` is not set. */
async function output(cwd, command, args, mayFail = false) {
  const { status, text } = await heard(command, args, { cwd });
  if (status === 0 || (mayFail && status !== -1)) return text;
  throw new Error(`'${command} ${args.join(" ")}' failed (${status}): ${text}`);
}

/** What the checker found, from its report. Anything that is not a whole search is an error. */
function verdict(said, expected, invariants) {
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

/** The lines never reached, by the mark on them or their text. The end of a process that never ends is none. */
function unreached(said, { name, lines }) {
  const found = [...said.matchAll(new RegExp(`^\\t\\S*${name}\\.pml:(\\d+), state \\d+, "(.*)"$`, "gm"))];
  const texts = found.flatMap(([, number, statement]) => {
    if (statement === "-end-") return [];
    const line = lines[Number(number) - 1] ?? "";
    return [line.match(/occurs\("([^"\\]*)/)?.[1] ?? `line ${number}: ${line.trim()}`];
  });
  return [...new Set(texts)].sort();
}

/** Builds and runs one checker; the row of its result. */
async function check(model, [name, macros, expected, never = [], kind = "safety"]) {
  const defines = macros.split(" ").map((macro) => `-D${macro}`);
  const unknown = macros
    .split(/[ =]/)
    .filter((word) => !/^\d+$/.test(word) && !new RegExp(`\\b${word}\\b`).test(model.text));
  if (unknown.length > 0) throw new Error(`'${name}': the model has no ${unknown.join(", ")}`);
  const folder = path.join(root, ".cache", "model", model.name, name.replace(/[^a-z0-9]+/gi, "-"));
  mkdirSync(folder, { recursive: true });
  await output(folder, "spin", ["-a", ...defines, model.file]);
  // What is small, or broken and over at once, is not worth a better build.
  const fast = expected.endsWith("hold") && (name.startsWith("(large)") || !model.isSmall(macros)) ? "-O1" : "-O0";
  const cycles = kind === "cycles";
  await output(folder, "gcc", [fast, "-w", "-DCOLLAPSE", cycles ? "-DNP" : "-DSAFETY", "-o", "pan", "pan.c"]);
  const said = await output(folder, "./pan", ["-m100000", "-w22", ...(cycles ? ["-l"] : [])], true);
  const found = verdict(said, expected, model.invariants);
  const [states, depth] = [/^ *(\d+) states, stored/m, /depth reached (\d+)/].map((what) =>
    Number(said.match(what)?.[1]),
  );
  const missed =
    found === expected && kind === "safety" && !expected.includes("violated") ? unreached(said, model) : undefined;
  const lacks = model.together !== undefined || expected === "waits for ever" ? "" : difference(missed ?? [], never);
  const ok = found === expected && lacks === "";
  return { model: model.name, name, expected, found, states, depth, ok, lacks, missed };
}

/** Says how what was never reached differs from what may be. */
function difference(missed, never) {
  const surplus = missed.filter((each) => !never.includes(each));
  const absent = never.filter((each) => !missed.includes(each));
  return [...surplus.map((each) => `never: ${each}`), ...absent.map((each) => `now and then after all: ${each}`)].join(
    "; ",
  );
}

/** What is wrong with what all runs of a model together have not reached. */
function lacking({ name, together }, results) {
  if (together === undefined) return "";
  const [first = [], ...others] = results.flatMap(({ model, missed }) => (model === name && missed ? [missed] : []));
  return difference(
    first.filter((each) => others.every((missed) => missed.includes(each))),
    together,
  );
}

/** Two at a time; the results in the order of `wanted`. */
async function checkAll(wanted) {
  const results = new Array(wanted.length);
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < wanted.length; at = next++) results[at] = await check(...wanted[at]);
  };
  await Promise.all([worker(), worker()]);
  return results;
}

const COLUMNS = ["variant", "expected", "found", "states", "depth"];

if (have("spin", "spin") && have("gcc", "gcc")) {
  const began = Date.now();
  const wanted = models.flatMap((model) => model.runs.map((run) => [model, run]));
  const results = await checkAll(wanted.filter(([, [name]]) => large || !name.startsWith("(large)")));
  const row = (cells) =>
    [11, 50, 17, 17].map((width, at) => cells[at].padEnd(width)).join(" ") +
    [cells[4].padStart(12), cells[5].padStart(8)].join("");
  console.log(`     ${row(["model", ...COLUMNS])}`);
  for (const { model, name, expected, found, states, depth, ok, lacks } of results) {
    const cells = [model, name, expected, found, states.toLocaleString("en-US"), String(depth)];
    console.log(`${ok ? "ok  " : "FAIL"} ${row(cells)}`);
    if (lacks !== "") console.log(`     ${lacks}`);
  }
  const left = models.map((model) => [model.name, lacking(model, results)]).filter(([, lacks]) => lacks !== "");
  for (const [name, lacks] of left) console.log(`FAIL ${name}: all runs together: ${lacks}`);
  const failed = results.filter(({ ok }) => !ok).length + left.length;
  console.log(`${results.length} searches in ${Math.round((Date.now() - began) / 1000)} s`);
  if (failed > 0) {
    console.error(`error: ${failed} of the models' variants came out differently`);
    process.exit(1);
  }
  if (recording) {
    record("model", {
      title: "The replacement of the table, and the holder, modelled",
      command: "npm run test:model -- --record",
      note:
        "`replacement.pml` and `holder.pml` of `native/model`, searched exhaustively by spin, every order of every step. " +
        "A violated invariant ends a search; what the invariants and the variants are is in `native/model/README.md`.",
      columns: ["model", ...COLUMNS],
      rows: results.map(({ model, name, expected, found, states, depth }) => [
        model,
        name,
        expected,
        found,
        states,
        depth,
      ]),
      packages: ["spin", "gcc"],
    });
  }
}
