// How long status takes beside ss and lsof on hosts of 100 to 5,000 processes, how much memory, and how it grows.
import { accessSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { runInSandbox } from "../../dist/system/sandbox/sandbox.js";
import { sandboxSupport } from "../../dist/system/sandbox/sandbox-support.js";
import { built, programs } from "./programs.mjs";
import { emptySection, figure, goal, withSpread } from "./section.mjs";
import { ratio, summary } from "./statistics.mjs";

const NAMES = ["portreservectl status --json", "ss -tulnp", "lsof -n -d txt,mem"];

/**
 * Fills the private pid namespace up to each of $COUNTS processes, the shell among them, and measures there. A process
 * that only waits costs the least; those of perl load modules, those with libtirpc can allocate, and probes hold a port.
 */
const SCRIPT = `set -eu
crowd() {
  while [ "$live" -lt "$1" ]; do
    case $((live % 10)) in
      0) "$PROBE" --symbol bindresvport --hold & ;;
      1) LD_PRELOAD=libtirpc.so.3 sleep 100000 & ;;
      2 | 3 | 4) perl -MSocket -MPOSIX -MFcntl -e 'sleep 100000' & ;;
      *) sleep 100000 & ;;
    esac
    live=$((live + 1))
  done >/dev/null 2>&1
}
live=1
for count in $COUNTS; do
  crowd "$count"
  sleep $((PAUSE + count / 250)) # until they have loaded what they need
  echo "count $count $(cat /proc/[0-9]*/maps 2>/dev/null | grep -c 'r-xp.* /')"
  "$TURNS" "$ROUNDS" -- "$NODE" "$MANAGER" status --json -- "$SS" -tulnp -- "$LSOF" -n -d txt,mem
done
`;

/** One for each count: how many processes and mapped objects there were, and what each command took each time. */
function parsed(stdout) {
  const cases = [];
  for (const line of stdout.trimEnd().split("\n")) {
    const [first, ...rest] = line.split(" ");
    if (first === "count") {
      const [processes, objects] = rest.map(Number);
      cases.push({ processes, objects, runs: NAMES.map(() => ({ seconds: [], mebibytes: [] })) });
    } else {
      const run = cases.at(-1).runs[Number(first)];
      run.seconds.push(Number(rest[0]) / 1e9);
      run.mebibytes.push(Number(rest[1]) / 1024);
    }
  }
  return cases.map((one) => ({ ...one, both: one.runs[1].seconds.map((s, round) => s + one.runs[2].seconds[round]) }));
}

/** Milliseconds for each process more, from one case to the next, round by round. */
function growth(from, to) {
  const more = to.processes - from.processes;
  return to.runs[0].seconds.map((seconds, round) => ((seconds - from.runs[0].seconds[round]) * 1e3) / more);
}

function program(name) {
  const folders = [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
  return folders.map((folder) => path.join(folder, name)).find(exists);
}

function exists(file) {
  try {
    accessSync(file);
    return true;
  } catch {
    return false;
  }
}

export async function status({ quick }) {
  const section = emptySection("status", "The status of a host");
  const lacking = ["ss", "lsof", "perl"].filter((name) => program(name) === undefined);
  const support = await sandboxSupport();
  if (lacking.length > 0) section.skipped.push(`all of it: there is no ${lacking.join(", no ")} here`);
  else if (!support.works) section.skipped.push(`all of it: no sandbox can be made here: ${support.reason}`);
  if (section.skipped.length > 0) return section;

  const counts = quick ? [50, 100, 200, 300] : [100, 500, 2000, 5000];
  const rounds = quick ? 2 : 9;
  const result = await runInSandbox(support.kind, {
    script: SCRIPT,
    etc: { "portreserve/cups": "631\n", "bindresvport.blacklist": "", "ld.so.preload": "" },
    environment: {
      COUNTS: counts.join(" "),
      ROUNDS: String(rounds),
      PAUSE: quick ? "1" : "4",
      PROBE: built.probe,
      TURNS: programs.turns,
      NODE: process.execPath,
      MANAGER: built.manager,
      SS: program("ss"),
      LSOF: program("lsof"),
    },
    timeout: 1_200_000,
  });
  if (result.outcome !== "ended" || result.status !== 0) {
    throw new Error(`the sandbox: ${JSON.stringify(result.stderr || result.reason || result.outcome)}`);
  }
  return { ...section, ...report(parsed(result.stdout), rounds, support.kind) };
}

function report(cases, rounds, kind) {
  const [first, some, many, most] = cases;
  const steps = cases.slice(1).map((one, index) => ({ from: cases[index], to: one, cost: growth(cases[index], one) }));
  const times = many.processes / some.processes;
  const relative = ({ processes, runs, both }, limit) =>
    goal(`status to ss + lsof, ${processes} processes`, ratio(runs[0].seconds, both), limit);
  return {
    notes: [
      `A private pid and network namespace, ${kind === "root" ? "as root" : "as root of a user namespace"}, with that many ` +
        "processes that wait: five of ten are sleep, three are perl with modules, one has libtirpc loaded, and one " +
        "allocates and holds a port. Mapped objects are counted once for each process that has them mapped to run code " +
        `from. ${rounds} rounds of the three commands in turn, output thrown away; ratios are within a round. Memory is ` +
        "the largest resident set of the process.",
    ],
    tables: [
      ...cases.map(({ processes, objects, runs, both }) => ({
        caption: `${processes} processes, ${objects} mapped objects`,
        columns: ["command", "time, ms", "memory, MiB", "x ss + lsof"],
        rows: NAMES.map((name, index) => [
          name,
          figure(summary(runs[index].seconds.map((s) => s * 1e3)), 0),
          figure(summary(runs[index].mebibytes), 0),
          withSpread(ratio(runs[index].seconds, both)),
        ]),
      })),
      {
        caption: "What each process more adds to status",
        columns: ["from", "to", "time, ms"],
        rows: steps.map(({ from, to, cost }) => [`${from.processes}`, `${to.processes}`, figure(summary(cost), 3)]),
      },
    ],
    goals: [
      relative(most, 1.25),
      relative(many, 1.25),
      relative(first, 3),
      goal(`status, ${many.processes} processes`, summary(many.runs[0].mebibytes), 150, "MiB"),
      goal(
        `time of status, ${many.processes} to ${some.processes} processes, over the ratio of processes`,
        summary(many.runs[0].seconds.map((s, round) => s / some.runs[0].seconds[round] / times)),
        1,
      ),
    ],
    data: cases.map(({ processes, objects, runs }) => ({
      processes,
      objects,
      commands: runs.map(({ seconds, mebibytes }, index) => ({
        name: NAMES[index],
        seconds: summary(seconds),
        mebibytes: summary(mebibytes),
      })),
    })),
  };
}
