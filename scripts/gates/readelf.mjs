// readelf, of binutils, which comes with every compiler.
import { spawnSync } from "node:child_process";
import process from "node:process";
import { fail } from "../step.mjs";

/** Its answer as lines. Ends this script where there is none. */
export function readelf(file, ...options) {
  const done = spawnSync("readelf", ["-W", ...options, file], {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C" },
  });
  if (done.error) fail(`missing: 'readelf', which says what is in '${file}'`, "sudo apt-get install binutils");
  if (done.status !== 0) {
    fail(
      `'${file}' cannot be measured: ${done.stderr.trim()}`,
      "name a library or a program that is built: 'make -C native' makes those for which there is no npm",
    );
  }
  return done.stdout.split("\n");
}
