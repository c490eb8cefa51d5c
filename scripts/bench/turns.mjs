// Runs commands in turn and collects what each run took.
import { spawnSync } from "node:child_process";
import process from "node:process";
import { programs } from "./programs.mjs";

/**
 * Runs each command (`{ preload, environment, command }`; the command's first word is a path, `environment` a list of
 * `NAME=VALUE`) `rounds` times in turn, `burst` of them at once, and returns for each one its `{ seconds, mebibytes }`
 * lists in the order of rounds. Throws with the words of what failed.
 */
export function inTurn(commands, rounds, { pin = false, burst = 1, environment = process.env } = {}) {
  const args = commands.flatMap(({ preload, environment: own = [], command }) => [
    "--",
    ...own,
    ...(preload === undefined ? [] : [`LD_PRELOAD=${preload}`]),
    ...command,
  ]);
  const { LD_PRELOAD: _, ...clean } = environment;
  const done = spawnSync(
    programs.turns,
    [...(pin ? ["--pin"] : []), "--burst", String(burst), String(rounds), ...args],
    {
      encoding: "utf8",
      env: clean,
      maxBuffer: 1 << 28,
    },
  );
  if (done.status !== 0) throw new Error(`${done.stderr}${done.error?.message ?? ""}`.trim());
  const results = commands.map(() => ({ seconds: [], mebibytes: [] }));
  for (const line of done.stdout.trimEnd().split("\n")) {
    const [index, nanoseconds, kibibytes] = line.split(" ").map(Number);
    results[index].seconds.push(nanoseconds / 1e9);
    results[index].mebibytes.push(kibibytes / 1024);
  }
  return results;
}
