// What one bindresvport() call costs, against a bare bind(), glibc's and libtirpc's, in a private network and /etc.
import { spawnSync } from "node:child_process";
import { DISTRIBUTION_BLACKLIST } from "../../dist/core/distribution-files.js";
import { runInSandbox } from "../../dist/system/sandbox/sandbox.js";
import { sandboxSupport } from "../../dist/system/sandbox/sandbox-support.js";
import { report } from "./per-call-results.mjs";
import { occupancy, pidFor } from "./ports.mjs";
import { built, programs } from "./programs.mjs";
import { distributionTable } from "./reservations.mjs";

/** `name`: of the report; `as`: what the measuring program calls it. */
const IMPLEMENTATIONS = [
  { id: "bind", name: "bare bind() to a free port", as: "bind" },
  { id: "glibc", name: "glibc", as: "glibc" },
  { id: "libtirpc", name: "libtirpc, Debian's blacklist", as: "libtirpc", blacklist: "debian" },
  { id: "libtirpc-empty", name: "libtirpc, empty blacklist", as: "libtirpc", blacklist: "empty" },
  { id: "shim", name: "the shim", as: "shim" },
];

/** `goals`: whether the goals are for this case. */
const CASES = [
  { name: "UDP, no address", protocol: "udp", family: 4, address: "null", percent: 0, goals: true },
  { name: "TCP, no address", protocol: "tcp", family: 4, address: "null", percent: 0, goals: true },
  { name: "UDP, address given", protocol: "udp", family: 4, address: "zeroed", percent: 0 },
  { name: "UDP over IPv6, no address", protocol: "udp", family: 6, address: "null", percent: 0 },
  { name: "UDP, no address", protocol: "udp", family: 4, address: "null", percent: 50 },
  { name: "TCP, no address", protocol: "tcp", family: 4, address: "null", percent: 50 },
  { name: "UDP, no address", protocol: "udp", family: 4, address: "null", percent: 99 },
  { name: "TCP, no address", protocol: "tcp", family: 4, address: "null", percent: 99 },
];

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
# Label, process id, blacklist, library to preload, and the measuring program's own arguments.
measure() {
  label=$1 pid=$2 preload=$4
  case $3 in
    debian) printf %s "$DEBIAN_BLACKLIST" >/etc/bindresvport.blacklist ;;
    *) : >/etc/bindresvport.blacklist ;;
  esac
  shift 4
  status=0
  result=$(LD_PRELOAD=$preload "$PIDEXEC" --pid "$pid" -- "$PER_CALL" "$@") || status=$?
  case $status,$1 in
    0,*) echo "$label $result" ;;
    3,--count) ;; # the kernel does not let us count, and said so
    *) exit 1 ;;
  esac
}
`;

/** What is not here to be measured, with the reason. */
function available() {
  const skipped = [];
  const present = IMPLEMENTATIONS.filter(({ name, as }) => {
    if (as === "shim") return true;
    const done = spawnSync(programs.perCall, [as], { encoding: "utf8", env: {} });
    if (done.status === 0) return true;
    skipped.push(
      `${name}: ${done.stderr.trim()}${as === "libtirpc" ? " (Debian package libtirpc3 or libtirpc3t64)" : ""}`,
    );
    return false;
  });
  return { present, skipped };
}

function applies({ as }, { family }) {
  // glibc's function knows IPv4 alone.
  return family === 4 || as !== "glibc";
}

/** The whole script: case by case, round by round, each implementation once, another one first in each round. */
function script(present, reserved, rounds) {
  const lines = [FUNCTIONS];
  CASES.forEach((one, index) => {
    const { busy, free, starts } = occupancy(one.percent, reserved);
    const here = present.filter((implementation) => applies(implementation, one));
    const calls = one.percent === 99 ? 400 : 4000;
    // Whole rounds through the free ports; each counted bind() is slow.
    const countedCalls = one.percent === 99 ? 8 : 424;
    const line = (implementation, round, counted) => {
      const { id, as, blacklist = "empty" } = implementation;
      const start = pidFor(starts[round % starts.length]);
      const what = `${as} ${one.protocol} ${one.family} ${one.address} ${counted ? countedCalls : calls}`;
      const bindsTo = as === "bind" ? free.join(" ") : free[0];
      const preload = as === "shim" ? '"$SHIM"' : '""';
      const label = `${counted ? "count" : "time"} ${index} ${id}`;
      return `measure "${label}" ${start} ${blacklist} ${preload} ${counted ? "--count " : ""}${what} ${bindsTo}`;
    };
    if (busy.length > 0) lines.push(`hold ${busy.join(" ")}`);
    for (let round = 0; round < rounds; round++) {
      for (let turn = 0; turn < here.length; turn++) lines.push(line(here[(round + turn) % here.length], round, false));
    }
    for (let start = 0; start < 4; start++)
      lines.push(...here.map((implementation) => line(implementation, start, true)));
    if (busy.length > 0) lines.push("release");
  });
  return lines.join("\n");
}

/** For each case and implementation: `first` and `median` nanoseconds of each round, and `binds` of each call. */
function collect(stdout) {
  const found = CASES.map(() => ({}));
  const timers = [];
  for (const line of stdout.trimEnd().split("\n")) {
    const [kind, index, id, ...rest] = line.split(" ");
    const numbers = rest.map(Number);
    found[index][id] ??= { first: [], median: [], binds: [] };
    const cell = found[index][id];
    if (kind === "count") {
      cell.binds.push(numbers[0] / numbers[1]);
    } else {
      cell.first.push(numbers[0]);
      cell.median.push(numbers[1]);
      timers.push(numbers[2]);
    }
  }
  return { found, timers };
}

export async function perCall({ quick }) {
  const { present, skipped } = available();
  const section = { id: "per-call", title: "One call of bindresvport()", notes: [], tables: [], goals: [], skipped };
  const support = await sandboxSupport();
  if (!support.works) {
    section.skipped.push(`all of it: no sandbox can be made here: ${support.reason} (${support.cure})`);
    return section;
  }
  const rounds = quick ? 5 : 21;
  const { table, reserved } = distributionTable();
  const result = await runInSandbox(support.kind, {
    script: script(present, reserved, rounds),
    etc: { "portreserve.table": table, "bindresvport.blacklist": "", "ld.so.preload": "" },
    environment: {
      DEBIAN_BLACKLIST: DISTRIBUTION_BLACKLIST,
      OCCUPY: programs.occupy,
      PER_CALL: programs.perCall,
      PIDEXEC: built.pidexec,
      SHIM: built.shim,
    },
    timeout: 300_000,
  });
  if (result.outcome !== "ended" || result.status !== 0) {
    throw new Error(`the sandbox: ${JSON.stringify(result.stderr || result.reason || result.outcome)}`);
  }
  const { found, timers } = collect(result.stdout);
  const cases = CASES.map((one, index) => ({ ...one, found: found[index] }));
  return { ...section, ...report({ cases, present, reserved, rounds, timers, kind: support.kind }) };
}
