// What a preloaded library adds to starting a program: fork and exec of /bin/true, with each library in turn.
import { indexOf, preloads } from "./libraries.mjs";
import { goal, microseconds, withSpread } from "./section.mjs";
import { blocks, ratio, summary } from "./statistics.mjs";
import { inTurn } from "./turns.mjs";

const BLOCK = 50;

export function startUp({ quick }) {
  const { found, skipped } = preloads();
  const rounds = quick ? 300 : 4000;
  const runs = inTurn(
    found.map(({ preload, environment }) => ({ preload, environment, command: ["/bin/true"] })),
    rounds,
    { pin: true },
  );
  const medians = runs.map(({ seconds }) => blocks(seconds, BLOCK));
  const [none, empty, shim] = ["none", "empty", "shim"].map((id) => medians[indexOf(found, id)]);
  return {
    id: "start-up",
    title: "Starting a program",
    notes: [
      `posix_spawn() of /bin/true until wait4() returns, on one processor; LD_PRELOAD names the library; ${rounds} runs ` +
        `of each in turn (A B C, B C A, ...). In groups of ${BLOCK} rounds, the median of each; then over the groups the ` +
        "median and quartiles, of the times and of the ratios within a group.",
      "The libraries are in one folder under names of one length, so that finding them costs the same. libauthbind and " +
        "libfaketime have the variables that make them work in every process: AUTHBIND_LEVELS=y, FAKETIME=+1d.",
    ],
    tables: [
      {
        columns: ["preloaded", "time, µs", "x no library", "x empty, same flags"],
        rows: found.map(({ name }, index) => [
          name,
          microseconds(summary(medians[index])),
          withSpread(ratio(medians[index], none)),
          withSpread(ratio(medians[index], empty)),
        ]),
      },
    ],
    goals: [goal("start of a program, time: shim to an empty library with the same flags", ratio(shim, empty), 1.01)],
    skipped,
    data: found.map(({ name }, index) => ({ name, microseconds: summary(medians[index].map((s) => s * 1e6)) })),
  };
}
