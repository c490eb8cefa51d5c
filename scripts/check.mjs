// All that CI runs: build, lint, the package's native parts, the shim's gates, the tests, and the C tests under sanitizers.
import { run } from "./step.mjs";

for (const script of ["build", "lint", "prebuild", "gates", "test:native", "test"]) {
  run("npm", ["run", "--silent", script]);
}
