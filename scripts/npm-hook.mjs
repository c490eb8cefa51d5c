// Whether npm runs this script because somebody asked for it, or on its own before or after another one.
import { readFileSync } from "node:fs";
import process from "node:process";

/**
 * npm runs a script that is called `prebuild` before every `build` too, and nothing in the environment tells the two
 * apart. But every npm has what it was asked for as its title ("npm run build"), which is where its command line was.
 */
export function runsAsHook() {
  const script = process.env.npm_lifecycle_event;
  if (script === undefined) return false;
  for (let pid = process.ppid; pid > 1; pid = parentOf(pid)) {
    const [program, , asked] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split(/[ \0]/);
    if (program === "npm") return asked !== script;
  }
  return false;
}

function parentOf(pid) {
  return Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}
