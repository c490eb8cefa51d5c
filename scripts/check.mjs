// All that CI runs: build, lint, the package's native parts, the shim's gates, the C tests under sanitizers and the
// analysers, the model of the table's replacement, a minute of fuzzing for each parser, the guests, the README's commands on
// untouched machines, and all tests.
import { run } from "./step.mjs";

for (const script of ["build", "lint", "build:prebuilt", "gates", "test:native", "test:model"]) {
  run("npm", ["run", "--silent", script]);
}
run("npm", ["run", "--silent", "fuzz", "--", "--jobs", "3"]);
// All that this would build first is built.
run("npm", ["run", "--silent", "--ignore-scripts", "test:guests"]);
run("npm", ["run", "--silent", "test:fresh"]);
// Last, since CI reads the summary: every tier of test/tiers.ts in one run.
run("npm", ["run", "--silent", "test:all"]);
