// All that CI runs: build, lint, the native parts of the packages, the gates of the shim, C tests under sanitizers and the analysers,
// the model of how the table is replaced, a short benchmark, fuzzers, guests, tools for many hosts, untouched machines, and all tests.
// What can be repeated at will is a share of it, or all of it with PORTRESERVE_FULL=1 (test/support/full.ts).
import process from "node:process";
import { run } from "./step.mjs";

const full = process.env.PORTRESERVE_FULL === "1";

for (const script of ["build", "lint", "build:prebuilt", "gates", "test:native", "test:model"]) {
  run("npm", ["run", "--silent", script]);
}
// Its figures say little here: whether everything can be measured is what counts.
run("node", ["scripts/bench.mjs", "--quick"]);
run("npm", ["run", "--silent", "fuzz", "--", ...(full ? [] : ["--seconds", "10"])]);
// All that this would build first is built.
run("npm", ["run", "--silent", "--ignore-scripts", "test:guests"]);
run("npm", ["run", "--silent", "--ignore-scripts", "test:fleet"]);
run("npm", ["run", "--silent", "test:fresh"]);
// Last, since CI reads the summary: every tier of test/tiers.ts in one run.
run("npm", ["run", "--silent", "test:all"]);
