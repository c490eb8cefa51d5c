// The C tests, built by cmake-js into .cache: plain, under ASan and UBSan, and under TSan.
import path from "node:path";
import process from "node:process";
import { bin, have, root, run } from "./step.mjs";

const builds = [
  ["plain", ""],
  ["address", "address,undefined"],
  ["thread", "thread"],
];

if (have("cmake", "cmake")) {
  for (const [name, sanitizers] of builds) {
    const out = path.join(root, ".cache", `native-${name}`);
    const configure = ["compile", "-d", "native", "-O", out, "--log-level", "error", `--CDPR_SANITIZE=${sanitizers}`];
    run(bin("cmake-js"), configure);
    run("ctest", ["--test-dir", out, "--output-on-failure", "--no-tests=error"], {
      // TSan cannot map its shadow under a large address-space randomisation.
      env: { ...process.env, TSAN_OPTIONS: "halt_on_error=1", ASAN_OPTIONS: "detect_leaks=1" },
    });
  }
}
