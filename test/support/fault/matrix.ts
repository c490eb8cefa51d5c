// Runs a command once for every call by which it changes files, stopped or failed there, and reads what is left each time.
import { availableParallelism } from "node:os";
import type { Call } from "./inject.ts";
import type { Point } from "./points.ts";
import { inScene, type Ran } from "./run-scene.ts";
import { UNTOUCHED } from "./scene.ts";

export interface Scenario {
  /** A program for sh that leads from the untouched host to where the command starts. */
  readonly prepare: string;
  /** One simple command for sh. */
  readonly command: string;
  /** What is run after it was stopped, by name: each a program for sh, which must end as it does after a whole run. */
  readonly continuations: Readonly<Record<string, string>>;
  /** A file whose bytes before the command the test wants to see. */
  readonly keep?: string;
}

export interface PointResult {
  readonly point: Point;
  readonly first: Ran;
  /** By the continuation's name. */
  readonly next: Readonly<Record<string, Ran>>;
}

export interface Undisturbed {
  readonly untouched: Ran;
  readonly before: Ran;
  readonly after: Ran;
  /** What each continuation makes of a whole run, by name. */
  readonly ends: Readonly<Record<string, Ran>>;
}

export interface Matrix {
  readonly undisturbed: Undisturbed;
  readonly results: readonly PointResult[];
  readonly kept: Uint8Array;
}

/** Runs the scenario undisturbed, lets `choose` pick the points from its calls, and runs it again at each of them. */
export async function runMatrix(
  scenario: Scenario,
  choose: (calls: readonly Call[]) => readonly Point[],
): Promise<Matrix> {
  const names = Object.keys(scenario.continuations);
  const programs = {
    PREPARE: scenario.prepare,
    COMMAND: scenario.command,
    ...Object.fromEntries(Object.entries(scenario.continuations).map(([name, program]) => [`NEXT_${name}`, program])),
  };
  const start = `save before ${UNTOUCHED} PREPARE`;
  const whole = [
    `save untouched-run ${UNTOUCHED} NOTHING`,
    start,
    "record after before",
    ...names.map((name) => `save end-${name} after NEXT_${name}`),
  ];
  const { undisturbed, kept } = await inScene(programs, whole, ({ run, file }) => ({
    undisturbed: {
      untouched: run("untouched-run"),
      before: run("before"),
      after: run("after"),
      ends: Object.fromEntries(names.map((name) => [name, run(`end-${name}`)])),
    },
    kept: scenario.keep === undefined ? new Uint8Array() : file("before", scenario.keep),
  }));
  const points = choose(undisturbed.after.calls);
  const nexts = names.map((name) => `NEXT_${name}`).join(",");
  const results = await Promise.all(
    shares(points).map((share) => {
      const jobs = share.map(
        ({ call, how, onward }, index) => `point ${index} before ${nexts} ${call} ${how} ${onward ? "yes" : "no"}`,
      );
      return inScene(programs, [start, ...jobs], ({ run, origin }) =>
        share.map((point, index) => ({
          point,
          first: run(`${index}/first`),
          next: Object.fromEntries(names.map((name) => [name, run(`${origin(String(index))}/NEXT_${name}`)])),
        })),
      );
    }),
  );
  return { undisturbed, kept, results: results.flat() };
}

/** Neighbours often leave the same behind, of which only one is then followed up. */
const TOGETHER = 12;

/** One sandbox for each processor, with as many early points, which take less time, as late ones. */
function shares<T>(all: readonly T[]): readonly (readonly T[])[] {
  const count = availableParallelism();
  return Array.from({ length: count }, (_, share) =>
    all.filter((_, index) => Math.floor(index / TOGETHER) % count === share),
  );
}
