// Many managers at once, and a watcher that runs a program and reads the preload list all along: a program for the scene.
import type { Call } from "./inject.ts";
import { MANAGER, type Ran } from "./run-scene.ts";

export interface Crowd {
  /** What each process does: the manager's arguments. */
  readonly verbs: readonly string[];
  /** A command for sh that is run all along; $rounds counts. */
  readonly meanwhile: string;
  /** Variables for all of them, as `NAME=value`; INJECT is there already. */
  readonly environment: readonly string[];
}

/** For sh. What it prints is for `crowdOf`; it takes everything of its own away again. */
export function crowdProgram({ verbs, meanwhile, environment }: Crowd): string {
  const starts = verbs.map(
    (verb, index) => `number=${index + 1}
( env $INJECT ${environment.join(" ")} ${MANAGER} ${verb} >/tmp/crowd/$number.out 2>/tmp/crowd/$number.err; echo $? >/tmp/crowd/$number.status ) &
crowd="$crowd $!"
`,
  );
  return `mkdir /tmp/crowd
crowd=
(
  rounds=0 last=
  while [ ! -e /tmp/crowd/stop ]; do
    /bin/true 2>>/tmp/crowd/complaints || echo "/bin/true: status $?" >>/tmp/crowd/complaints
    list=$(cat /etc/ld.so.preload 2>/dev/null)
    if [ "$list" != "$last" ]; then echo "list $list"; last=$list; fi
    ${meanwhile}
    rounds=$((rounds + 1))
  done
  echo "rounds $rounds"
) &
watcher=$!
${starts.join("")}
wait $crowd
touch /tmp/crowd/stop
wait $watcher
sed 's/^/complaint /' /tmp/crowd/complaints
for number in $(seq ${verbs.length}); do
  echo "ended $(cat /tmp/crowd/$number.status) $(tr '\\n' ' ' </tmp/crowd/$number.err)"
done
rm -r /tmp/crowd
`;
}

export interface CrowdResult {
  /** In the order of `verbs`. */
  readonly ended: readonly { readonly status: number; readonly stderr: string }[];
  /** How often the watcher looked. */
  readonly rounds: number;
  readonly complaints: readonly string[];
  /** Every content of the preload list that it saw, in order, but no two alike in a row. */
  readonly lists: readonly string[];
}

export function crowdOf({ stdout }: Ran): CrowdResult {
  const after = (word: string): readonly string[] =>
    [...stdout.matchAll(new RegExp(`^${word} (.*)$`, "gm"))].map((match) => match[1] ?? "");
  return {
    ended: after("ended").map((line) => {
      const [status = "", ...stderr] = line.split(" ");
      return { status: Number(status), stderr: stderr.join(" ").trim() };
    }),
    rounds: Number(after("rounds")[0]),
    complaints: after("complaint"),
    lists: after("list"),
  };
}

/** How often a process changed something between two changes of another one; making the lock's file is no change. */
export function interruptions(calls: readonly Call[]): number {
  const writers = calls.filter(({ paths }) => !paths.includes("/run/portreserve.lock")).map(({ process }) => process);
  const turns = writers.filter((process, index) => process !== writers[index - 1]).length;
  return turns - new Set(writers).size;
}
