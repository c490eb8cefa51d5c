// Measures portreserve against its peers, in turn and in the same run, and writes docs/benchmarks. --quick makes a short
// run, --only leaves out the other parts; neither writes there. Ends with 1 if something could not be measured; a missed
// goal is only shown, loudly.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { chosenPort } from "./bench/chosen-port.mjs";
import { compile } from "./bench/compile.mjs";
import { guest } from "./bench/guest.mjs";
import { hold } from "./bench/hold.mjs";
import { installed } from "./bench/installed.mjs";
import { instructions } from "./bench/instructions.mjs";
import { machine } from "./bench/machine.mjs";
import { many } from "./bench/many.mjs";
import { memory } from "./bench/memory.mjs";
import { occupancy } from "./bench/occupancy.mjs";
import { perCall } from "./bench/per-call.mjs";
import { buildPrograms, cache } from "./bench/programs.mjs";
import { markdown, missesText, sectionText } from "./bench/report.mjs";
import { startUp } from "./bench/start-up.mjs";
import { status } from "./bench/status.mjs";
import { version } from "./bench/version.mjs";
import { root } from "./step.mjs";

/** In the order of the page. */
const PARTS = {
  "per-call": perCall,
  occupancy,
  "chosen-port": chosenPort,
  "start-up": startUp,
  many,
  instructions,
  memory,
  hold,
  compile,
  version,
  status,
  guest,
  installed,
};

const USAGE = `usage: node scripts/bench.mjs [--quick] [--only NAME[,NAME...]]
--quick  a short run, whose figures say little
--only   these parts alone, of ${Object.keys(PARTS).join(", ")}
Without either, docs/benchmarks is written; else .cache/bench.`;

function usage(problem) {
  console.error(`${problem}\n${USAGE}`);
  process.exit(2);
}

function parsed() {
  try {
    const { values } = parseArgs({
      options: { quick: { type: "boolean" }, only: { type: "string" }, help: { type: "boolean" } },
    });
    return values;
  } catch (error) {
    return usage(error.message);
  }
}

const options = parsed();
if (options.help) {
  console.log(USAGE);
  process.exit(0);
}
const quick = options.quick === true;
const names = options.only?.split(",") ?? Object.keys(PARTS);
const unknown = names.filter((name) => !Object.hasOwn(PARTS, name));
if (unknown.length > 0) usage(`no such part: '${unknown.join("', '")}'`);
const strict = process.env.PORTRESERVE_REQUIRE_ALL === "1";

buildPrograms();
const facts = machine();
for (const [name, value] of Object.entries(facts)) console.log(`${name.padEnd(13)} ${value}`);

const sections = [];
const failures = [];
for (const name of Object.keys(PARTS).filter((part) => names.includes(part))) {
  const before = performance.now();
  try {
    const section = await PARTS[name]({ quick });
    sections.push(section);
    console.log(`${sectionText(section)}\n  (${((performance.now() - before) / 1e3).toFixed(0)} s)`);
    if (strict) failures.push(...section.skipped.map((reason) => `skipped, and PORTRESERVE_REQUIRE_ALL=1: ${reason}`));
  } catch (error) {
    failures.push(`'${name}' could not be measured: ${error instanceof Error ? error.message : error}`);
  }
}
console.log(missesText(sections));
for (const failure of failures) console.error(`error: ${failure}`);

// A part of a run, or a short one, must not take the place of a whole one.
const whole = !quick && options.only === undefined && failures.length === 0;
const folder = whole ? path.join(root, "docs", "benchmarks") : cache;
mkdirSync(folder, { recursive: true });
const results = sections.map(({ id, skipped, goals, data }) => ({ id, skipped, goals, data }));
const written = {
  "README.md": markdown(facts, sections),
  "results.json": `${JSON.stringify({ machine: facts, results }, null, 2)}\n`,
  ...Object.assign({}, ...sections.map(({ files }) => files ?? {})),
};
for (const [name, content] of Object.entries(written)) writeFileSync(path.join(folder, name), content);
console.log(`\nwritten: '${path.relative(process.cwd(), folder) || "."}' (${Object.keys(written).join(", ")})`);
process.exit(failures.length > 0 ? 1 : 0);
