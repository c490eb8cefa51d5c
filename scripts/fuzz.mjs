// Fuzzes the parsers, each for a while, after its controls: faults planted in a copy, which must be found. Ends with 1
// where something is found, or a planted fault is not. See CONTRIBUTING.md.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { record } from "./evidence.mjs";
import { fuzzNative } from "./fuzz/native.mjs";
import { targets } from "./fuzz/targets.mjs";
import { buildHelpers, fuzzTypeScript } from "./fuzz/typescript.mjs";
import { have, root } from "./step.mjs";

const USAGE = `usage: npm run fuzz [-- [--seconds N] [--target NAME]... [--jobs N] [--seed N] [--record]]
       npm run fuzz -- --target NAME (--seed N --path PATH | --input FILE)
Fuzzes every target, or those named, for N seconds each (60), N at a time (as many as there are processors).
--seed repeats a run; --record writes docs/evidence/fuzz.json, of named targets their rows only. The second form runs a single case: what a finding says.
targets: ${targets.map(({ name }) => name).join(", ")}`;

/** How long a planted fault may stay unfound. In seconds; they take one or two. */
const CONTROL = 300;

function usage(problem) {
  console.error(`error: ${problem}\n${USAGE}`);
  process.exit(2);
}

function options() {
  const text = { type: "string" };
  const known = { seconds: text, jobs: text, seed: text, path: text, input: text };
  try {
    const { values } = parseArgs({
      options: { ...known, target: { type: "string", multiple: true }, record: { type: "boolean" } },
    });
    return values;
  } catch (error) {
    return usage(error.message);
  }
}

function whole(text, name, least, otherwise) {
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isSafeInteger(value) || value < least || value >= 2 ** 31) usage(`'${text}' is no --${name}`);
  return value;
}

const given = options();
const seconds = whole(given.seconds, "seconds", 1, 60);
const jobs = whole(given.jobs, "jobs", 1, availableParallelism());
const seed = whole(given.seed, "seed", 0, Date.now() % 1_000_000_000);
const unknown = given.target?.find((name) => !targets.some((target) => target.name === name));
if (unknown !== undefined) usage(`there is no target '${unknown}'`);
const chosen = targets.filter(({ name }) => given.target === undefined || given.target.includes(name));
const wanted = chosen.filter(
  ({ kind, cage }) => (kind !== "native" || have("clang", "clang and libclang-rt-dev")) && (!cage || canUnshare()),
);

/** Some targets bind ports, or change /etc, in namespaces of their own. */
function canUnshare() {
  const args = ["--map-root-user", "--net", "--mount", "mount", "-t", "tmpfs", "none", "/tmp"];
  if (spawnSync("unshare", args, { stdio: "ignore" }).status === 0) return true;
  console.log("skipped: this user cannot make namespaces (unshare --map-root-user --net --mount)");
  if (process.env.PORTRESERVE_REQUIRE_ALL === "1") process.exit(1);
  return false;
}

const fuzz = (target, options) =>
  (target.kind === "native" ? fuzzNative : fuzzTypeScript)(target, { seed, ...options });

function tell({ name }, { found, replay }) {
  console.error(`FOUND in ${name}:\n${found}\n${replay.map((command) => `again: ${command}`).join("\n")}\n`);
}

/** Its controls, and then itself. */
async function wholeRun(target) {
  for (const [index, plant] of target.plants.entries()) {
    const before = Date.now();
    const { found } = await fuzz(target, { id: `${target.name}-plant-${index}`, seconds: CONTROL, plant });
    const took = ((Date.now() - before) / 1000).toFixed(1);
    if (found === undefined || !plant.meant.test(found)) {
      const silent = { found: `not what was planted in '${plant.file}' (${plant.meant}), but: ${found}`, replay: [] };
      tell(target, silent);
      return { executions: 0, inputs: "", coverage: "", ...silent };
    }
    console.log(`${target.name}: found what was planted in ${plant.file}, after ${took} s`);
  }
  const result = await fuzz(target, { id: target.name, seconds });
  console.log(
    `${target.name}: ${result.executions.toLocaleString("en-US")} executions in ${seconds} s, ` +
      `${result.inputs} inputs, ${result.coverage}: ${result.found === undefined ? "nothing found" : "FOUND SOMETHING"}`,
  );
  if (result.found !== undefined) tell(target, result);
  return result;
}

async function inTurn(queue, results) {
  for (let target = queue.shift(); target !== undefined; target = queue.shift()) {
    results.set(target.name, await wholeRun(target));
  }
}

if (wanted.some(({ name }) => name === "preload-list")) buildHelpers();
if (given.path !== undefined || given.input !== undefined) {
  const [target, ...others] = wanted;
  if (target === undefined || others.length > 0) usage("a single case is one of a single target");
  const replay = { seed, path: given.path };
  const result = await fuzz(target, {
    id: target.name,
    seconds: 60,
    replay,
    input: given.input && path.resolve(given.input),
  });
  if (result.found === undefined) console.log("nothing found");
  else tell(target, result);
  process.exit(result.found === undefined ? 0 : 1);
}

function rowOf({ name, about, plants }) {
  const { executions, inputs, coverage, found } = results.get(name);
  return [name, about, seconds, executions, inputs, coverage, plants.length, found === undefined ? 0 : 1];
}

/** With --target the rows of the others stay as the last record has them. */
function recorded({ name }) {
  const file = path.join(root, "docs", "evidence", "fuzz.json");
  if (given.target === undefined || !existsSync(file)) return [];
  return JSON.parse(readFileSync(file, "utf8")).rows.filter(([first]) => first === name);
}

console.log(`fuzzing with --seed ${seed}, ${jobs} targets at a time`);
const results = new Map();
const queue = [...wanted];
await Promise.all(Array.from({ length: jobs }, () => inTurn(queue, results)));
if (given.record) {
  record("fuzz", {
    title: "Fuzzing",
    command: `npm run fuzz -- --seconds ${seconds} --jobs ${jobs} --record`,
    note: [
      "C targets by libFuzzer under ASan and UBSan; TypeScript targets by fast-check, with changes to real inputs. Each",
      "target first had to find the faults planted in copies of its sources. Edges are those of the instrumented program;",
      "blocks those that V8 tells apart in the tested code and its test, reached by 3,000 cases. `preload-list` asks the",
      `real ld.so about 300 lists in every 20,000. First seed: ${seed}.`,
    ].join(" "),
    columns: ["target", "what", "seconds", "executions", "inputs", "coverage", "planted faults found", "findings"],
    rows: [...targets].flatMap((target) => (wanted.includes(target) ? [rowOf(target)] : recorded(target))),
    packages: ["clang", "libclang-rt-14-dev"],
  });
}
process.exit([...results.values()].some(({ found }) => found !== undefined) ? 1 : 0);
