// A thousand processes that start one after the other without waiting: as long as it takes until the last has ended.
import { indexOf, preloads } from "./libraries.mjs";
import { figure, withSpread } from "./section.mjs";
import { ratio, summary } from "./statistics.mjs";
import { inTurn } from "./turns.mjs";

export function many({ quick }) {
  const { found, skipped } = preloads();
  const processes = quick ? 200 : 1000;
  const rounds = quick ? 2 : 15;
  const runs = inTurn(
    found.map(({ preload, environment }) => ({ preload, environment, command: ["/bin/true"] })),
    rounds,
    { burst: processes },
  );
  const seconds = runs.map((run) => run.seconds);
  const [none, empty] = ["none", "empty"].map((id) => seconds[indexOf(found, id)]);
  return {
    id: "many",
    title: `Starting ${processes} processes`,
    notes: [
      `${processes} times posix_spawn() of /bin/true, then wait4() until all have ended, on all processors; ${rounds} ` +
        "rounds of the libraries in turn; ratios are within a round.",
    ],
    tables: [
      {
        columns: ["preloaded", "time, ms", "x no library", "x empty, same flags"],
        rows: found.map(({ name }, index) => [
          name,
          figure(summary(seconds[index].map((s) => s * 1e3)), 0),
          withSpread(ratio(seconds[index], none)),
          withSpread(ratio(seconds[index], empty)),
        ]),
      },
    ],
    goals: [],
    skipped,
    data: found.map(({ name }, index) => ({ name, milliseconds: summary(seconds[index].map((s) => s * 1e3)) })),
  };
}
