// Layout and lint of every language in the tree: TypeScript and JSON, C and C++, shell, man pages.
import process from "node:process";
import { bin, files, have, run } from "./step.mjs";

run(bin("biome"), ["ci", "--error-on-warnings", ...(process.stdout.isTTY ? [] : ["--colors=off"])]);
run(bin("tsc"), ["-p", "tsconfig.json", "--noEmit"]);
run(bin("tsc"), ["-p", "test/tsconfig.json"]);

const c = files("*.c", "*.h", "*.cc");
if (have("clang-format", "clang-format")) {
  run("clang-format", ["--dry-run", "--Werror", ...c]);
}
const shell = files("*.sh", ".ci/run");
if (shell.length > 0 && have("shellcheck", "shellcheck")) {
  run("shellcheck", shell);
}
run(process.execPath, ["scripts/manuals.mjs"]);
