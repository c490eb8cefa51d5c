// Runs measuring programs in a private network namespace with a private /etc, where a shell script can hold ports.
import { DISTRIBUTION_BLACKLIST } from "../../dist/commands/demo/distribution-files.js";
import { runInSandbox } from "../../dist/system/sandbox/sandbox.js";
import { sandboxSupport } from "../../dist/system/sandbox/sandbox-support.js";
import { built, programs } from "./programs.mjs";

/** The shell functions that the measuring script is made of. An empty LD_PRELOAD is no LD_PRELOAD. */
const FUNCTIONS = `set -eu
hold() {
  [ -p "$SCRATCH/held" ] || mkfifo "$SCRATCH/held"
  "$OCCUPY" "$@" >"$SCRATCH/held" &
  holder=$!
  read -r ready <"$SCRATCH/held" # fails when the holder does
}
release() {
  kill "$holder"
  wait "$holder" || :
}
blacklist() {
  case $1 in
    debian) printf %s "$DEBIAN_BLACKLIST" >/etc/bindresvport.blacklist ;;
    *) : >/etc/bindresvport.blacklist ;;
  esac
}
# Label, process id, blacklist, library to preload, and the measuring program's own arguments.
measure() {
  label=$1 pid=$2 preload=$4
  blacklist "$3"
  shift 4
  status=0
  result=$(LD_PRELOAD=$preload "$PIDEXEC" --pid "$pid" -- "$PER_CALL" "$@") || status=$?
  case $status,$1 in
    0,*) echo "$label $result" ;;
    3,--count) ;; # the kernel does not let us count, and said so
    *) exit 1 ;;
  esac
}
# As measure; prints how many instructions the calls have taken.
instructions() {
  label=$1 pid=$2 preload=$4
  blacklist "$3"
  shift 4
  LD_PRELOAD=$preload "$PIDEXEC" --pid "$pid" -- valgrind --vgdb=no --tool=callgrind --collect-atstart=no \\
    --callgrind-out-file=/dev/null "$PER_CALL" --callgrind "$@" 2>"$SCRATCH/callgrind" || { cat "$SCRATCH/callgrind" >&2; exit 1; }
  echo "$label $(sed -n 's/^.*Collected : //p' "$SCRATCH/callgrind")"
}
`;

/** Why nothing can be measured here, or undefined; and the kind of sandbox that works. */
export async function network() {
  const support = await sandboxSupport();
  if (support.works) return { kind: support.kind, reason: undefined };
  return { kind: undefined, reason: `all of it: no sandbox can be made here: ${support.reason} (${support.hint})` };
}

/** The words for a kind of sandbox. */
export function where(kind) {
  return kind === "root" ? "as root" : "as root of a user namespace";
}

/** What the script prints, as lists of words. Throws with what it said on standard error. */
export async function inNetwork({ kind, script, table, etc = {}, environment = {} }) {
  const result = await runInSandbox(kind, {
    script: `${FUNCTIONS}\n${script}`,
    etc: { "portreserve.table": table, "bindresvport.blacklist": "", "ld.so.preload": "", ...etc },
    environment: {
      DEBIAN_BLACKLIST: DISTRIBUTION_BLACKLIST,
      OCCUPY: programs.occupy,
      PER_CALL: programs.perCall,
      PIDEXEC: built.pidexec,
      SHIM: built.shim,
      // Only the libraries that have these names read them.
      FAKETIME: "+1d",
      AUTHBIND_LEVELS: "y",
      ...environment,
    },
    timeout: 900_000,
  });
  if (result.outcome !== "ended" || result.status !== 0) {
    throw new Error(`the sandbox: ${JSON.stringify(result.stderr || result.reason || result.outcome)}`);
  }
  return result.stdout
    .trimEnd()
    .split("\n")
    .map((line) => line.split(" "));
}
