// What one bindresvport() call costs while every candidate is free, against a bare bind() and every peer.
import { applies, implementations, measureLine } from "./implementations.mjs";
import { inNetwork, network } from "./network.mjs";
import { report } from "./per-call-results.mjs";
import { freeStarts, pidFor } from "./ports.mjs";
import { distributionTable } from "./reservations.mjs";
import { emptySection } from "./section.mjs";

/** `goals`: whether the goals are for this case. */
const CASES = [
  { name: "UDP, no address", protocol: "udp", family: 4, address: "null", goals: true },
  { name: "TCP, no address", protocol: "tcp", family: 4, address: "null", goals: true },
  { name: "UDP, address given", protocol: "udp", family: 4, address: "zeroed" },
  { name: "UDP over IPv6, no address", protocol: "udp", family: 6, address: "null" },
  { name: "UDP over IPv6, address given", protocol: "udp", family: 6, address: "zeroed" },
];

const COUNTED_CALLS = 40;

/** The whole script: case by case, round by round, each implementation once, another one first in each round. */
function script(present, reserved, rounds, calls) {
  const { free, starts } = freeStarts(reserved);
  return CASES.flatMap((one, index) => {
    const here = present.filter((implementation) => applies(implementation, one.family));
    const line = (implementation, round, counted) =>
      measureLine({
        kind: counted ? "count" : "time",
        index,
        implementation,
        pid: pidFor(starts[round % starts.length]),
        options: counted ? "--count" : "",
        one,
        calls: counted ? COUNTED_CALLS : calls,
        ports: free,
      });
    const lines = [];
    for (let round = 0; round < rounds; round++) {
      for (let turn = 0; turn < here.length; turn++) lines.push(line(here[(round + turn) % here.length], round, false));
    }
    return [...lines, ...here.map((implementation) => line(implementation, 0, true))];
  }).join("\n");
}

/** For each case and implementation: `first` and `median` nanoseconds of each round, and `binds` of each call. */
function collect(lines) {
  const found = CASES.map(() => ({}));
  const timers = [];
  for (const [kind, index, id, ...rest] of lines) {
    const numbers = rest.map(Number);
    found[index][id] ??= { first: [], median: [], binds: undefined };
    const cell = found[index][id];
    if (kind === "count") {
      cell.binds = numbers[0] / numbers[1];
    } else {
      cell.first.push(numbers[0]);
      cell.median.push(numbers[1]);
      timers.push(numbers[2]);
    }
  }
  return { found, timers };
}

export async function perCall({ quick }) {
  const { present, skipped } = implementations();
  const section = emptySection("per-call", "One call of bindresvport()", skipped);
  const { kind, reason } = await network();
  if (reason !== undefined) return { ...section, skipped: [...skipped, reason], data: [] };
  const rounds = quick ? 5 : 21;
  const calls = quick ? 1000 : 4000;
  const { table, reserved } = distributionTable();
  const lines = await inNetwork({ kind, table, script: script(present, reserved.either, rounds, calls) });
  const { found, timers } = collect(lines);
  const cases = CASES.map((one, index) => ({ ...one, found: found[index] }));
  return { ...section, ...report({ cases, present, reserved: reserved.either, rounds, calls, timers, kind }) };
}
