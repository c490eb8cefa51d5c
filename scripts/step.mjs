// What the developer scripts share: run a command with its output shown, look for a tool, and end on failure.
import { spawn, spawnSync } from "node:child_process";
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

/**
 * Runs a command in the project's folder, and gives what it said on both outputs, and its status: the signal that ended it, or -1
 * where it could not be started. `onStart` gets the process.
 */
export function heard(command, args, { onStart, ...options } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"], ...options });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (part) => {
        text += part;
      });
    }
    child.on("spawn", () => onStart?.(child));
    child.on("error", (error) => resolve({ status: -1, text: `${text}${error.message}` }));
    child.on("close", (status, signal) => resolve({ status: status ?? signal, text }));
  });
}

/**
 * Runs lists of commands beside one another, each command with its arguments; of each list one after the other. What a command
 * says is shown once it has ended. Ends this script with the status of the first that fails, and the others with it.
 */
export async function runTogether(...lists) {
  // Each is a group of its own, so that all that it has started ends with it.
  const groups = new Set();
  const end = (status) => {
    for (const group of groups) process.kill(-group);
    process.exit(status);
  };
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => end(1));
  const runOne = async ([command, ...args]) => {
    const since = performance.now();
    let group;
    const onStart = ({ pid }) => {
      group = pid;
      groups.add(pid);
    };
    const { status, text } = await heard(command, args, { detached: true, onStart });
    groups.delete(group);
    const seconds = Math.round((performance.now() - since) / 1000);
    console.log(`> ${[command, ...args].join(" ")} (${seconds} s of its own)\n${text.trimEnd()}`);
    if (status === 0) return;
    console.error(`error: '${command}' failed (${status})`);
    end(Number(status) > 0 ? status : 1);
  };
  await Promise.all(
    lists.map(async (commands) => {
      for (const command of commands) await runOne(command);
    }),
  );
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
