// Memory that a preloaded library takes of each process for itself: private dirty pages of a process that waits.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, fsyncSync, openSync, readFileSync } from "node:fs";
import process from "node:process";
import { indexOf, preloads } from "./libraries.mjs";
import { inNetwork, network } from "./network.mjs";
import { built } from "./programs.mjs";
import { distributionTable } from "./reservations.mjs";
import { figure, goal } from "./section.mjs";
import { summary } from "./statistics.mjs";

/** The KiB of a field, over all of a smaps or smaps_rollup text. */
function kibibytes(smaps, field) {
  const lines = smaps.split("\n").filter((line) => line.startsWith(`${field}:`));
  return lines.reduce((sum, line) => sum + Number(line.split(/\s+/)[1]), 0);
}

/** Until it is on the disk, a file that was just built counts as dirty in every process that has it mapped. */
function writeBack(file) {
  const fd = openSync(file, "r");
  fsyncSync(fd);
  closeSync(fd);
}

/** The parts of smaps that belong to mappings of one file. */
function mappingsOf(smaps, file) {
  return smaps
    .split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
    .filter((mapping) => mapping.split("\n")[0].endsWith(` ${file}`))
    .join("");
}

/**
 * Private dirty KiB of a cat that was given a byte and has handed it back: it has started, and now waits for more.
 * `own`: of these, in mappings of the library's file.
 */
async function waiting({ preload, environment }) {
  const { LD_PRELOAD: _, ...clean } = process.env;
  const set = environment.map((assignment) => assignment.split("="));
  const child = spawn("/bin/cat", [], {
    env: { ...clean, ...Object.fromEntries(set), ...(preload === undefined ? {} : { LD_PRELOAD: preload }) },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  try {
    child.stdin.write("x");
    await Promise.race([
      once(child.stdout, "data"),
      ended.then(() => Promise.reject(new Error("a process ended early"))),
    ]);
    const all = readFileSync(`/proc/${child.pid}/smaps_rollup`, "utf8");
    const parts = readFileSync(`/proc/${child.pid}/smaps`, "utf8");
    const own = preload === undefined ? "" : mappingsOf(parts, preload);
    if (preload !== undefined && own === "") throw new Error(`'${preload}' was not loaded`);
    return { all: kibibytes(all, "Private_Dirty"), own: kibibytes(own, "Private_Dirty") };
  } finally {
    child.stdin.end();
    await ended;
  }
}

// A probe that has taken a port and says so, and then waits.
const HOLDING = `mkfifo "$SCRATCH/taken"
holding() {
  LD_PRELOAD=$2 "$PROBE" --symbol bindresvport --protocol udp --address null --hold >"$SCRATCH/taken" &
  read -r port <"$SCRATCH/taken"
  echo "$1 $(sed -n 's/^Private_Dirty: *\\([0-9]*\\) kB/\\1/p' "/proc/$!/smaps_rollup")"
  kill $!
  wait $! || :
}`;

/** Private dirty KiB, round by round and for each preload, of a process that has allocated a port. */
async function allocating(found, rounds, kind) {
  const results = found.map(() => []);
  const lines = Array.from({ length: rounds }, (_, round) =>
    found.map((_, turn) => {
      const index = (round + turn) % found.length;
      return `holding ${index} "${found[index].preload ?? ""}"`;
    }),
  );
  const output = await inNetwork({
    kind,
    table: distributionTable().table,
    script: [HOLDING, ...lines.flat()].join("\n"),
    environment: { PROBE: built.probe },
  });
  for (const [index, kibibytes] of output) results[index].push(Number(kibibytes));
  return results;
}

/** The table about processes that allocate, or the reason why there is none. */
async function allocatingTable(found, rounds) {
  const { kind, reason } = await network();
  if (reason !== undefined) return { reason };
  const here = found.filter(({ id }) => ["none", "empty", "shim"].includes(id));
  const results = await allocating(here, rounds, kind);
  const table = {
    caption: "After one call of bindresvport(), in portreserve-probe",
    columns: ["preloaded", "private dirty, KiB", "beyond empty, KiB"],
    rows: here.map(({ name }, index) => [
      name,
      figure(summary(results[index]), 0),
      figure(summary(results[index].map((kib, round) => kib - results[1][round])), 0),
    ]),
  };
  return { table, data: here.map(({ name }, index) => ({ name, afterCallKibibytes: summary(results[index]) })) };
}

export async function memory({ quick }) {
  const { found, skipped } = preloads();
  for (const { preload } of found) if (preload !== undefined) writeBack(preload);
  const rounds = quick ? 15 : 101;
  const results = found.map(() => ({ all: [], own: [] }));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < found.length; turn++) {
      const index = (round + turn) % found.length;
      const { all, own } = await waiting(found[index]);
      results[index].all.push(all);
      results[index].own.push(own);
    }
  }
  const [none, empty, shim] = ["none", "empty", "shim"].map((id) => results[indexOf(found, id)]);
  const { table, data = [], reason } = await allocatingTable(found, rounds);
  if (reason !== undefined) skipped.push(`processes that allocate: ${reason}`);
  const beyond = (one, other) => summary(one.all.map((kib, round) => kib - other.all[round]));
  return {
    id: "memory",
    title: "Memory of each process",
    notes: [
      "Private dirty memory (/proc/PID/smaps_rollup) of a cat that waits for input, with each library preloaded in " +
        `turn, ${rounds} rounds; differences are within a round. What a process has for itself comes in pages of 4 KiB, and where the ` +
        "kernel puts its stack decides on one of them. 'Library' is what lies in mappings of the library's own file " +
        "(/proc/PID/smaps): pages that the loader writes to.",
      "The second table is of processes that have called bindresvport() once, with a table in force: the shim keeps a copy of it, " +
        "and has the table's page mapped, which all processes share.",
    ],
    tables: [
      {
        columns: ["preloaded", "private dirty, KiB", "library, KiB", "beyond no library, KiB", "beyond empty, KiB"],
        rows: found.map(({ name }, index) => [
          name,
          figure(summary(results[index].all), 0),
          figure(summary(results[index].own), 0),
          figure(beyond(results[index], none), 0),
          figure(beyond(results[index], empty), 0),
        ]),
      },
      ...(table === undefined ? [] : [table]),
    ],
    goals: [
      goal(
        "private memory of a process: shim beyond an empty library with the same flags",
        beyond(shim, empty),
        0,
        "KiB",
      ),
    ],
    skipped,
    data: [
      ...found.map(({ name }, index) => ({
        name,
        privateDirtyKibibytes: summary(results[index].all),
        libraryKibibytes: summary(results[index].own),
      })),
      ...data,
    ],
  };
}
