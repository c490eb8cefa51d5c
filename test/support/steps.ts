// What each step of a shell script gave: the script says it in lines that this file both writes and reads.
import type { Ran } from "./cli.ts";

/** What each `step NAME COMMAND…` of a script gave, by name. Throws where there is no such step. */
export type Steps = (name: string) => Ran;

/** For sh(1): defines `step`. The command's output goes by way of the folder $SCRATCH, or /tmp. */
export const STEP = `step() {
  step=$1; shift
  "$@" >"\${SCRATCH:-/tmp}/stdout" 2>"\${SCRATCH:-/tmp}/stderr" </dev/null
  echo "$step $? =$(base64 -w 0 "\${SCRATCH:-/tmp}/stdout") =$(base64 -w 0 "\${SCRATCH:-/tmp}/stderr")"
}
`;

/** For sh(1): what waits for another program. `$!` is the one that `background` has started. */
export const WAITING = `# Until the command works, at most some 10 seconds: a busy machine starts daemons slowly.
until_works() {
  for attempt in $(seq 500); do "$@" >/dev/null 2>&1 && return 0; sleep 0.02; done
  echo "gave up waiting: $*" >&2
  return 1
}
# background FILE COMMAND…: what it says comes into FILE, where from now on nothing of an earlier one is left.
background() { said_to=$1; shift; : >"$said_to"; "$@" >>"$said_to" 2>&1 & }
`;

/** Reads all that a script of such steps has printed. */
export function stepsOf(printed: string): Steps {
  const steps = new Map(printed.split("\n").map(parsed));
  return (name) => {
    const ran = steps.get(name);
    if (ran === undefined) throw new Error(`there is no step '${name}', but these:\n${outline(printed)}`);
    return ran;
  };
}

/** The names and statuses of the steps. */
export function outline(printed: string): string {
  return printed.replace(/ =.*$/gm, "");
}

function parsed(line: string): [string, Ran] {
  const [name = "", status = "", stdout = "", stderr = ""] = line.split(" ");
  const plain = (text: string): string => Buffer.from(text.slice(1), "base64").toString();
  return [name, { status: Number(status), stdout: plain(stdout), stderr: plain(stderr) }];
}
