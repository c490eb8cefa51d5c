// Runs a command once for every call by which it changes files, stopped or failed there, and reads what is left each time.
import { availableParallelism } from "node:os";
import type { Call } from "./inject.ts";
import { BUDGET, ENOUGH, FEW, type Point } from "./points.ts";
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
  /** In the order of the calls. */
  readonly results: readonly PointResult[];
  /** How many points there are; more than there are results where the time was up. */
  readonly points: number;
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
  const enough = points.length <= FEW ? FEW : ENOUGH;
  const limits = { ENOUGH: String(enough), UNTIL: String(Math.floor((Date.now() + BUDGET) / 1000)) };
  const results = await Promise.all(
    shares(points).map((share) => {
      const jobs = share.map(
        ({ call, how, onward }, index) => `point ${index} before ${nexts} ${call} ${how} ${onward ? "yes" : "no"}`,
      );
      return inScene({ ...programs, ...limits }, [start, ...spread(jobs)], ({ run, origin, tried }) =>
        share.flatMap((point, index) => {
          if (!tried(String(index))) return [];
          const next = names.map((name) => [name, run(`${origin(String(index))}/NEXT_${name}`)] as const);
          return [{ point, first: run(`${index}/first`), next: Object.fromEntries(next) }];
        }),
      );
    }),
  );
  const inOrder = results.flat().sort((one, other) => points.indexOf(one.point) - points.indexOf(other.point));
  return { undisturbed, kept, points: points.length, results: inOrder };
}

/** So that whenever the time is up, what was tried lies evenly among all; the first and the last come first. */
function spread<T>(all: readonly T[]): readonly T[] {
  const ends = new Set([0, all.length - 1]);
  const place = (index: number): number => (ends.has(index) ? index - all.length : (index * GOLDEN) % 1);
  return all
    .map((item, index) => ({ item, at: place(index) }))
    .sort((one, other) => one.at - other.at)
    .map(({ item }) => item);
}

/** The fractions of its multiples never crowd. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** Neighbours often leave the same behind, of which only one is then followed up. */
const TOGETHER = 12;

/** One sandbox for each processor, with as many early points, which take less time, as late ones. */
function shares<T>(all: readonly T[]): readonly (readonly T[])[] {
  const count = availableParallelism();
  return Array.from({ length: count }, (_, share) =>
    all.filter((_, index) => Math.floor(index / TOGETHER) % count === share),
  );
}
