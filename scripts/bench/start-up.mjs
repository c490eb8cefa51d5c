// What a preloaded library adds to starting a program: fork and exec of /bin/true, with each library in turn.
import { preloadLibraries } from "./programs.mjs";
import { goal, microseconds, withSpread } from "./section.mjs";
import { blocks, ratio, summary } from "./statistics.mjs";
import { inTurn } from "./turns.mjs";

const BLOCK = 50;

export function startUp({ quick }) {
  const libraries = preloadLibraries();
  const skipped = [];
  const peers = [
    { name: "no library" },
    { name: "empty library, the shim's own flags", preload: libraries.tuned },
    { name: "empty library, plain cc -shared", preload: libraries.plain },
    { name: "the shim", preload: libraries.shim },
  ];
  if (libraries.eatmydata === undefined) skipped.push("libeatmydata is not installed (Debian package libeatmydata1)");
  else peers.push({ name: "libeatmydata", preload: libraries.eatmydata });

  const rounds = quick ? 600 : 4000;
  const runs = inTurn(
    peers.map(({ preload }) => ({ preload, command: ["/bin/true"] })),
    rounds,
    { pin: true },
  );
  const medians = runs.map(({ seconds }) => blocks(seconds, BLOCK));
  const [nothing, tuned, , shim] = medians;
  return {
    id: "start-up",
    title: "Starting a program",
    notes: [
      `posix_spawn() of /bin/true until wait4() returns, on one processor; LD_PRELOAD names the library; ${rounds} runs ` +
        `of each in turn (A B C, B C A, ...). In groups of ${BLOCK} rounds, the median of each; then over the groups the ` +
        "median and quartiles, of the times and of the ratios within a group.",
      "The libraries are in one folder under names of one length, so that finding them costs the same.",
    ],
    tables: [
      {
        columns: ["preloaded", "time, µs", "x no library", "x empty, same flags"],
        rows: peers.map(({ name }, index) => [
          name,
          microseconds(summary(medians[index])),
          withSpread(ratio(medians[index], nothing)),
          withSpread(ratio(medians[index], tuned)),
        ]),
      },
    ],
    goals: [goal("start of a program, shim to an empty library with the same flags", ratio(shim, tuned), 1.03)],
    skipped,
    data: peers.map(({ name }, index) => ({ name, microseconds: summary(medians[index].map((s) => s * 1e6)) })),
  };
}
