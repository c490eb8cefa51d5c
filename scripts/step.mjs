// What the developer scripts share: run a command with its output shown, look for a tool, and end on failure.
import { spawnSync } from "node:child_process";
import path from "node:path";
import process from "node:process";

export const root = path.resolve(import.meta.dirname, "..");

/** Runs a command in the project's folder and shows it, how long this script has run by then, and its output; ends this script with its status when it fails. */
export function run(command, args, options = {}) {
  console.log(`> ${[command, ...args].join(" ")} (${Math.round(performance.now() / 1000)} s)`);
  const done = spawnSync(command, args, { cwd: root, stdio: "inherit", ...options });
  if (done.status !== 0) {
    console.error(`error: '${command}' ${done.error ? done.error.message : `failed (${done.status ?? done.signal})`}`);
    process.exit(done.status || 1);
  }
}

/** Ends this script. `hint`: a command that helps. */
export function fail(message, hint) {
  console.error(`error: ${message}`);
  if (hint !== undefined) console.error(`hint: ${hint}`);
  process.exit(1);
}

/** Whether `tool` can be started. Where PORTRESERVE_REQUIRE_ALL is set a missing tool is a failure, not a skip. */
export function have(tool, debianPackage) {
  const found = !spawnSync(tool, ["--version"], { stdio: "ignore" }).error;
  if (!found) {
    console.log(`skipped: ${tool} is not installed (Debian package ${debianPackage})`);
    if (process.env.PORTRESERVE_REQUIRE_ALL === "1") {
      process.exit(1);
    }
  }
  return found;
}

/** The files git tracks or would track that match these patterns. */
export function files(...patterns) {
  const args = ["ls-files", "--cached", "--others", "--exclude-standard", "--", ...patterns];
  const listed = spawnSync("git", args, { cwd: root, encoding: "utf8" });
  if (listed.error) fail("missing: 'git', which says what is to be looked at", "sudo apt-get install git");
  if (listed.status !== 0) fail(`'git ls-files' failed: ${listed.stderr.trim()}`);
  return listed.stdout.split("\n").filter((name) => name !== "");
}

/** A program of the project's own development dependencies. */
export function bin(name) {
  return path.join(root, "node_modules", ".bin", name);
}
