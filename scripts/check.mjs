// All that CI runs: build, lint, the native parts of the packages, the gates of the shim, C tests under sanitizers and the analysers,
// the model of how the table is replaced, a short benchmark, fuzzers, guests, tools for many hosts, untouched machines, and all tests.
// What can be repeated at will is a share of it, or all of it with PORTRESERVE_FULL=1 (test/support/full.ts).
import process from "node:process";
import { run, runTogether } from "./step.mjs";

const full = process.env.PORTRESERVE_FULL === "1";

const script = (...words) => ["npm", "run", "--silent", ...words];
const step = ([command, ...args]) => run(command, args);

for (const name of ["build", "build:prebuilt", "gates"]) step(script(name));
// Much of each needs one processor only. The benchmark's figures say little here: whether all can be measured is what counts.
await runTogether(
  [script("lint"), ["node", "scripts/bench.mjs", "--quick"]],
  [script("test:native"), script("test:model")],
);
step(script("fuzz", "--", ...(full ? [] : ["--seconds", "10"])));
// All that these two would build first is built.
step(script("--ignore-scripts", "test:guests"));
step(script("--ignore-scripts", "test:fleet"));
step(script("test:fresh"));
// Last, since CI reads the summary: every tier of test/tiers.ts in one run.
step(script("test:all"));
