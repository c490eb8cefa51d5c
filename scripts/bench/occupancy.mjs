// Time and bind() calls of one call where services hold what is reserved for them and more and more of the rest is busy.
import { implementations, measureLine } from "./implementations.mjs";
import { inNetwork, network, where } from "./network.mjs";
import { plot } from "./plot.mjs";
import { pidFor, occupancy as ports, spread } from "./ports.mjs";
import { distributionTable } from "./reservations.mjs";
import { emptySection, exactly, goalBelow, nanoseconds } from "./section.mjs";
import { mean, summary } from "./statistics.mjs";

const PERCENTS = [0, 25, 50, 75, 90, 99];
const CASES = ["udp", "tcp"].flatMap((protocol) =>
  PERCENTS.map((percent) => ({ protocol, percent, family: 4, address: "null" })),
);
const LAPS = 15;
const FILE = "occupancy.svg";

/**
 * Case by case: `passes` times over `count` starts, in each round every implementation once, another one first each
 * time; then the bind() calls.
 */
function script(present, places, count, passes) {
  return CASES.flatMap((one, index) => {
    const { busy, free, starts } = places[index];
    const line = (kind, implementation, start, options, calls) =>
      measureLine({ kind, index, implementation, pid: pidFor(start), options, one, calls, ports: free });
    const lines = [`hold ${busy.join(" ")}`];
    const chosen = spread(starts, count);
    const rounds = Array.from({ length: passes }, () => chosen).flat();
    rounds.forEach((start, round) => {
      for (let turn = 0; turn < present.length; turn++) {
        const implementation = present[(round + turn) % present.length];
        lines.push(line("time", implementation, start, `--lap ${free.length}`, free.length * LAPS));
      }
    });
    // One that goes on behind its last port has been everywhere after one lap; one that restarts is where it started.
    for (const implementation of present) {
      const restarts = implementation.restarts === true;
      const from = restarts ? chosen : [starts[0]];
      const calls = restarts ? 1 : free.length;
      lines.push(...from.map((start) => line("count", implementation, start, "--count", calls)));
    }
    return [...lines, "release"];
  }).join("\n");
}

/** For each case and implementation: nanoseconds of each round, and bind() calls and calls in all. */
function collect(lines) {
  const found = CASES.map(() => ({}));
  for (const [kind, index, id, ...rest] of lines) {
    const numbers = rest.map(Number);
    found[index][id] ??= { times: [], binds: 0, calls: 0 };
    const cell = found[index][id];
    if (kind === "time") cell.times.push(numbers[1]);
    else {
      cell.binds += numbers[0];
      cell.calls += numbers[1];
    }
  }
  return found;
}

/**
 * The spread of the rounds, with their median in its middle. How far a call that restarts has to go depends on the
 * start: there, of each of the `count` starts the pass that was disturbed least, and in the middle their mean.
 */
function time({ restarts }, { times }, count) {
  if (restarts !== true) return summary(times);
  const starts = times.slice(0, count).map((_, start) => Math.min(...times.filter((_, i) => i % count === start)));
  return { ...summary(starts), median: mean(starts) };
}

const bindsOf = (cell) => (cell === undefined || cell.calls === 0 ? undefined : cell.binds / cell.calls);

/** Rows of implementations and columns of occupancies; `cell` makes the text of one. */
function table(caption, present, cell) {
  return {
    caption: `${caption}, by the share of the other ports that is busy`,
    columns: ["implementation", ...PERCENTS.map((percent) => `${percent} %`)],
    rows: present.map((implementation) => [
      implementation.name,
      ...PERCENTS.map((_, place) => cell(implementation, place)),
    ]),
  };
}

function tables(protocol, present, found, count) {
  const at = (place) => found[CASES.findIndex((one) => one.protocol === protocol && one.percent === PERCENTS[place])];
  const timeOf = (implementation, place) => time(implementation, at(place)[implementation.id], count);
  const glibc = present.find(({ id }) => id === "glibc");
  const name = protocol.toUpperCase();
  return [
    table(`${name}: time of one call, ns`, present, (one, place) => nanoseconds(timeOf(one, place))),
    table(`${name}: bind() calls of one call`, present, (one, place) => bindsOf(at(place)[one.id])?.toFixed(3) ?? "?"),
    ...(glibc === undefined
      ? []
      : [
          table(`${name}: time, x glibc`, present, (one, place) =>
            (timeOf(one, place).median / timeOf(glibc, place).median).toFixed(3),
          ),
        ]),
  ];
}

/** For each protocol, the occupancy at which the shim saves least. */
function goals(found) {
  return ["udp", "tcp"].flatMap((protocol) => {
    const ratios = CASES.flatMap((one, index) => {
      const { shim, glibc } = found[index];
      const [ours, theirs] = [bindsOf(shim), bindsOf(glibc)];
      return one.protocol === protocol && ours !== undefined && theirs !== undefined ? [ours / theirs] : [];
    });
    if (ratios.length === 0) return [];
    const what = `bind() calls of one call, ${protocol.toUpperCase()}, worst of ${PERCENTS.join(", ")} %: shim to glibc`;
    return [goalBelow(what, exactly(Math.max(...ratios)), 1)];
  });
}

function notes(held, count, passes, kind) {
  return [
    `Every service holds what is reserved for it (${held} ports of 512-1023 with real sockets), as on a host that has been ` +
      "up for a while, and of the others the given share is busy as well, the free ones evenly spaced. A port that is reserved for TCP alone is free for UDP. Stock code finds out about a " +
      "held port by a bind() that fails; the shim steps over a reserved one without asking the kernel.",
    "A program that goes on behind the port it took last (glibc, the shim) makes as many calls as there are free ports from " +
      `600 up, a lap; the time of a call is the average of a lap, the median of ${LAPS} laps, and the median of ${count * passes} ` +
      "rounds with the quartiles. Its bind() calls are counted over one whole lap. libtirpc and ntirpc begin at 600 + pid % 424 " +
      `in every call, and how far they have to go depends on that: they are timed from ${count} starts behind a free port, spread over the range, ` +
      `the better of ${passes} passes, and the mean of the starts is shown with the quartiles; their bind() calls are the mean of the same starts. ` +
      `In a round all have the same process id. As above, ${where(kind)}.`,
  ];
}

export async function occupancy({ quick }) {
  const { present, skipped } = implementations();
  const section = emptySection("occupancy", "One call of bindresvport() on a busy host", skipped);
  const { kind, reason } = await network();
  if (reason !== undefined) return { ...section, skipped: [...skipped, reason] };
  const count = quick ? 2 : 20;
  const passes = quick ? 1 : 2;
  const { table: bytes, reserved } = distributionTable();
  const places = CASES.map(({ percent, protocol }) => ports(percent, reserved, protocol));
  const found = collect(await inNetwork({ kind, table: bytes, script: script(present, places, count, passes) }));
  const lines = present.map((implementation) => ({
    name: implementation.name,
    beside: implementation.beside === true,
    shim: implementation.id === "shim",
    nanoseconds: PERCENTS.map((_, index) => time(implementation, found[index][implementation.id], count).median),
  }));
  const glibc = lines[present.findIndex(({ id }) => id === "glibc")];
  const judged = goals(found);
  if (judged.length === 0) skipped.push("bind() calls: the kernel does not let them be counted here");
  return {
    ...section,
    notes: notes(places[0].busy.length, count, passes, kind),
    image: { file: FILE, alt: "UDP: time of one call against the share of busy ports, for all implementations" },
    files: { [FILE]: plot({ percents: PERCENTS, lines, base: glibc }) },
    tables: ["udp", "tcp"].flatMap((protocol) => tables(protocol, present, found, count)),
    goals: judged,
    data: CASES.map(({ protocol, percent }, index) => ({
      protocol,
      percent,
      calls: Object.fromEntries(
        present.map((implementation) => {
          const cell = found[index][implementation.id];
          return [implementation.id, { nanoseconds: time(implementation, cell, count), binds: bindsOf(cell) ?? null }];
        }),
      ),
    })),
  };
}
