// Instructions instead of time: what a start and a call execute outside the kernel, counted by callgrind, twice.
import { spawnSync } from "node:child_process";
import process from "node:process";
import { have } from "../step.mjs";
import { implementations, measureLine } from "./implementations.mjs";
import { preloads } from "./libraries.mjs";
import { inNetwork, network } from "./network.mjs";
import { freeStarts, pidFor } from "./ports.mjs";
import { built, library } from "./programs.mjs";
import { distributionTable } from "./reservations.mjs";
import { emptySection, goal } from "./section.mjs";

const CALLS = 1000;
const CASE = { protocol: "udp", family: 4, address: "null" };
const NOTHING = { id: "nothing", name: "nothing", as: "nothing" };

/** The instructions of one start of /bin/true. Throws with valgrind's words. */
function ofStart({ preload, environment }) {
  const set = Object.fromEntries(environment.map((assignment) => assignment.split("=")));
  const done = spawnSync("valgrind", ["--vgdb=no", "--tool=callgrind", "--callgrind-out-file=/dev/null", "/bin/true"], {
    encoding: "utf8",
    env: { PATH: process.env.PATH, ...set, ...(preload === undefined ? {} : { LD_PRELOAD: preload }) },
  });
  const count = /Collected : (\d+)/.exec(done.stderr ?? "")?.[1];
  if (done.status !== 0 || count === undefined) throw new Error(`valgrind: ${done.stderr || done.error?.message}`);
  return Number(count);
}

/** For each of the preloads its counts in two rounds. */
function starts(found) {
  const rounds = [0, 1].map(() => found.map(ofStart));
  return found.map((one, index) => ({ ...one, runs: rounds.map((round) => round[index]) }));
}

/** For each implementation the instructions of a call in two rounds, those of the loop around it taken off. */
async function calls(present, kind) {
  const { table, reserved } = distributionTable();
  const { free, starts: from } = freeStarts(reserved.either);
  const line = (round) => (implementation) =>
    measureLine({
      kind: "callgrind",
      index: round,
      implementation,
      pid: pidFor(from[0]),
      one: CASE,
      calls: CALLS,
      ports: free,
      run: "instructions",
    });
  const script = [0, 1].flatMap((round) => [NOTHING, ...present].map(line(round))).join("\n");
  const rounds = [{}, {}];
  for (const [, round, id, count] of await inNetwork({ kind, table, script })) rounds[round][id] = Number(count);
  return present.map((one) => ({ ...one, runs: rounds.map((round) => (round[one.id] - round.nothing) / CALLS) }));
}

function rows(counted, against, digits) {
  const bases = against.map((id) => counted.find((one) => one.id === id));
  return counted.map(({ name, runs }) => [
    name,
    ...runs.map((run) => run.toFixed(digits)),
    (runs[1] - runs[0]).toFixed(digits),
    ...bases.map((base) => (base === undefined ? "-" : (runs[0] / base.runs[0]).toFixed(4))),
  ]);
}

function ratioOf(counted, over, under) {
  const [one, other] = [over, under].map((id) => counted.find((candidate) => candidate.id === id).runs);
  const ratios = one.map((run, round) => run / other[round]);
  return { low: Math.min(...ratios), median: Math.max(...ratios), high: Math.max(...ratios) };
}

/** How many functions the shim takes from libc, the C library. */
function imports() {
  const done = spawnSync("readelf", ["-W", "--dyn-syms", built.shim], { encoding: "utf8" });
  if (done.status !== 0) throw new Error(`readelf: ${done.stderr || done.error?.message}`);
  return done.stdout.split("\n").filter((line) => / UND \S/.test(line)).length;
}

function notes(started) {
  const [shim, names] = ["shim", "names"].map((id) => started.find((one) => one.id === id).runs[0]);
  return [
    "Counted by valgrind's callgrind, which sees what a program executes itself but not what the kernel does for it; no clock " +
      "and no other load has a part in these numbers, and 'run 1' and 'run 2' show whether they repeat.",
    "A start is /bin/true from the loader's first instruction to its end, with the library in LD_PRELOAD; nearly all of it is " +
      "the dynamic loader's work. 'The exports alone' is a library with the shim's flags and the same names, behind which there is " +
      `nothing: the least that replaces these functions. The shim takes ${shim - names} instructions more: it needs libc and ` +
      `${imports()} of its functions, and since all of them are bound before the program starts (-z now), the loader looks up each one's name. ` +
      "The goal is against an empty library as anybody would build it; the shim's flags make even an empty one cheaper than that.",
    `A call is one of ${CALLS} of bindresvport(fd, NULL) on a UDP socket, in the private network, no port held; the loop around ` +
      "it is taken off.",
  ];
}

export async function instructions() {
  const section = emptySection("instructions", "Instructions");
  if (!have("valgrind", "valgrind"))
    return { ...section, skipped: ["all of it: there is no valgrind here (Debian package valgrind)"] };
  const { found, skipped } = preloads();
  const names = { id: "names", name: "the exports alone, same flags", preload: library("names"), environment: [] };
  const at = found.findIndex(({ id }) => id === "shim");
  const started = starts([...found.slice(0, at), names, ...found.slice(at)]);
  const { kind, reason } = await network();
  const called = reason === undefined ? await calls(implementations().present, kind) : [];
  const tables = [
    {
      caption: "Starting /bin/true",
      columns: ["preloaded", "run 1", "run 2", "differ by", "x no library", "x empty, same flags", "x empty, plain"],
      rows: rows(started, ["none", "empty", "plain"], 0),
    },
    {
      caption: "One call (UDP, no address, first candidate free)",
      columns: ["implementation", "run 1", "run 2", "differ by", "x glibc", "x libtirpc (Debian's blacklist)"],
      rows: rows(called, ["glibc", "libtirpc"], 2),
    },
  ];
  return {
    ...section,
    notes: notes(started),
    tables: tables.filter((table) => table.rows.length > 0),
    goals: [
      goal(
        "start of a program, instructions: shim to an empty library, plain cc -shared",
        ratioOf(started, "shim", "plain"),
        1.016,
      ),
    ],
    skipped: reason === undefined ? skipped : [...skipped, reason],
    data: [
      { what: "start of /bin/true", instructions: Object.fromEntries(started.map(({ id, runs }) => [id, runs])) },
      { what: "one call", instructions: Object.fromEntries(called.map(({ id, runs }) => [id, runs])) },
    ],
  };
}
