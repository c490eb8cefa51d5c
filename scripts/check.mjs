// All that CI runs: build, lint, the package's native parts, the shim's gates, the C tests under sanitizers and the
// analysers, the model of the table's replacement, a minute of fuzzing for each parser, and the tests.
import { run } from "./step.mjs";

for (const script of ["build", "lint", "prebuild", "gates", "test:native", "test:model", "fuzz", "test"]) {
  run("npm", ["run", "--silent", script]);
}
