// The thread in which a target in TypeScript runs: rounds of cases by fast-check, each with the next seed.
import { Session } from "node:inspector/promises";
import { pathToFileURL } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import fc from "fast-check";

const { file, seconds, seed, replay, progress } = workerData;
const { target } = await import(pathToFileURL(file).href);

/** Cases in a round. */
const ROUND = 20_000;
/** How many of a round are given to what is slow. */
const SOME = 300;
/** How many cases say what they reach: seeing that slows them down. */
const WATCHED = 3000;

const end = Date.now() + 1000 * seconds;
let executions = 0;

const property = fc.property(target.cases, (value) => {
  executions += 1;
  Atomics.add(progress, 0, 1);
  target.check(value);
});

/** Undefined also where time was up before the first case, which fast-check calls a failure. */
function finding({ seed, counterexamplePath, counterexample, errorInstance }) {
  if (counterexample === null) return undefined;
  const why = errorInstance instanceof Error ? errorInstance.stack : String(errorInstance);
  return { found: `${why}\n${target.show(counterexample[0])}`, replay: { seed, path: counterexamplePath } };
}

/** Some of a round, together: a case of theirs is told by what is thrown. */
function someOf(seed) {
  if (target.checkSome === undefined) return undefined;
  const values = fc.sample(target.cases, { seed, numRuns: SOME });
  executions += values.length;
  try {
    target.checkSome(values);
    Atomics.add(progress, 0, values.length);
    return undefined;
  } catch (error) {
    return { found: error.stack, replay: { seed, path: "some" } };
  }
}

function cases() {
  for (let round = 0; Date.now() < end; round += 1) {
    Atomics.store(progress, 1, round);
    Atomics.store(progress, 0, 0);
    const found = someOf(seed + round);
    if (found !== undefined) return found;
    const left = end - Date.now();
    if (left <= 0) break;
    const result = fc.check(property, {
      seed: seed + round,
      numRuns: ROUND,
      interruptAfterTimeLimit: left,
      markInterruptAsFailure: false,
    });
    const failure = finding(result);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

/** "812 of 870 blocks": of those that V8 tells apart, in the tested code and the little that tests it. */
async function coverage() {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  fc.check(property, { seed, numRuns: WATCHED });
  const { result } = await session.post("Profiler.takePreciseCoverage");
  session.disconnect();
  const script = result.find(({ url }) => url === pathToFileURL(file).href);
  const ranges = (script?.functions ?? []).flatMap((one) => one.ranges);
  return `${ranges.filter(({ count }) => count > 0).length} of ${ranges.length} blocks`;
}

if (replay?.path === "some") {
  parentPort.postMessage({ executions, ...someOf(replay.seed) });
} else if (replay !== undefined) {
  const result = fc.check(property, {
    ...replay,
    numRuns: 1,
    endOnFailure: true,
    interruptAfterTimeLimit: 60_000,
  });
  parentPort.postMessage({ executions, ...finding(result) });
} else {
  const found = cases();
  const total = executions;
  parentPort.postMessage({
    executions: total,
    inputs: `${target.seeds} real`,
    coverage: found === undefined ? await coverage() : "?",
    ...found,
  });
}
