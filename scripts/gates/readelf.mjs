// readelf, of binutils, which comes with every compiler.
import { spawnSync } from "node:child_process";
import process from "node:process";

/** Its answer as lines. */
export function readelf(file, ...options) {
  const done = spawnSync("readelf", ["-W", ...options, file], {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C" },
  });
  if (done.status !== 0) {
    throw new Error(`readelf ${options.join(" ")} ${file}: ${done.stderr}`);
  }
  return done.stdout.split("\n");
}
