// Measures portreserve against its peers, in turn and in the same run, and writes docs/benchmarks. --quick: a short run
// that writes nothing there. Ends with 1 if something could not be measured; a missed goal is only shown, loudly.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { compile } from "./bench/compile.mjs";
import { machine } from "./bench/machine.mjs";
import { perCall } from "./bench/per-call.mjs";
import { buildPrograms, cache } from "./bench/programs.mjs";
import { markdown, missesText, sectionText } from "./bench/report.mjs";
import { startUp } from "./bench/start-up.mjs";
import { status } from "./bench/status.mjs";
import { version } from "./bench/version.mjs";
import { root } from "./step.mjs";

const options = process.argv.slice(2);
if (options.some((option) => option !== "--quick")) {
  console.error("usage: node scripts/bench.mjs [--quick]");
  process.exit(2);
}
const quick = options.includes("--quick");
const strict = process.env.PORTRESERVE_REQUIRE_ALL === "1";

buildPrograms();
const facts = machine();
for (const [name, value] of Object.entries(facts)) console.log(`${name.padEnd(13)} ${value}`);

const sections = [];
const failures = [];
for (const [name, measure] of Object.entries({ perCall, startUp, compile, version, status })) {
  try {
    const section = await measure({ quick });
    sections.push(section);
    console.log(sectionText(section));
    if (strict) failures.push(...section.skipped.map((reason) => `skipped, and PORTRESERVE_REQUIRE_ALL=1: ${reason}`));
  } catch (error) {
    failures.push(`'${name}' could not be measured: ${error instanceof Error ? error.message : error}`);
  }
}
console.log(missesText(sections));
for (const failure of failures) console.error(`error: ${failure}`);

// Half a run, or a short one, must not take the place of a whole one.
const folder = quick || failures.length > 0 ? cache : path.join(root, "docs", "benchmarks");
mkdirSync(folder, { recursive: true });
writeFileSync(path.join(folder, "README.md"), markdown(facts, sections));
const results = sections.map(({ id, skipped, goals, data }) => ({ id, skipped, goals, data }));
writeFileSync(path.join(folder, "results.json"), `${JSON.stringify({ machine: facts, results }, null, 2)}\n`);
console.log(`\nwritten: '${path.relative(process.cwd(), folder) || "."}' (README.md, results.json)`);
process.exit(failures.length > 0 ? 1 : 0);
