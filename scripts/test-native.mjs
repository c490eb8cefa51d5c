// The C tests, built by cmake-js into .cache: plain, under ASan and UBSan, and under TSan; then the analysers. --record
// writes what came of it to docs/evidence.
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import path from "node:path";
import process from "node:process";
import { analyse } from "./analyse.mjs";
import { record } from "./evidence.mjs";
import { bin, root, run } from "./step.mjs";
import { buildTools, explain, missing } from "./tools.mjs";

const options = process.argv.slice(2);
if (options.some((option) => option !== "--record")) {
  console.error("usage: node scripts/test-native.mjs [--record]");
  process.exit(2);
}

const builds = [
  ["plain", "", "CTest"],
  ["address", "address,undefined", "CTest under ASan and UBSan"],
  ["thread", "thread", "CTest under TSan"],
];

/** The tests of a build, as ctest lists them. */
function testsIn(out) {
  const listed = spawnSync("ctest", ["--test-dir", out, "--show-only=json-v1"], { encoding: "utf8" });
  return JSON.parse(listed.stdout).tests.map(({ name }) => name);
}

// What the compilers lack is theirs to say; without one, cmake would only name its own cache.
const lacking = missing([
  { program: "cmake", debianPackage: "cmake" },
  { program: "ctest", debianPackage: "cmake" },
  ...buildTools().filter(({ program }) => !program.includes("python")),
]);
if (lacking.length > 0) {
  process.stderr.write(explain(lacking));
  process.exit(1);
}
const rows = [];
const jobs = String(availableParallelism());
for (const [name, sanitizers, title] of builds) {
  const out = path.join(root, ".cache", `native-${name}`);
  const configure = ["compile", "-d", "native", "-O", out, "--log-level", "error", `--CDPR_SANITIZE=${sanitizers}`];
  run(bin("cmake-js"), [...configure, "--parallel", jobs]);
  run("ctest", ["--test-dir", out, "--output-on-failure", "--no-tests=error", "--timeout", "300", "--parallel", jobs], {
    // TSan cannot map its shadow under a large address-space randomisation.
    env: { ...process.env, TSAN_OPTIONS: "halt_on_error=1", ASAN_OPTIONS: "detect_leaks=1" },
  });
  const tests = testsIn(out);
  const controls = tests.filter((test) => test.startsWith("broken-")).length;
  rows.push([title, `${tests.length - controls} programs`, controls, 0]);
}
rows.push(...(await analyse(path.join(root, ".cache", "native-plain"))));
if (options.includes("--record")) {
  record("native", {
    title: "Sanitizers and analysers",
    command: "npm run test:native -- --record",
    note: "Controls are faults planted in `test/native/broken`; a run in which one of them is not found fails.",
    columns: ["what", "over", "controls found", "findings"],
    rows,
    packages: ["gcc", "clang-tidy", "cmake"],
  });
}
