// What may be found after a command was stopped or failed at a call, and everything else as a list of failures.
import { type Call, KILLS, shown } from "./inject.ts";
import { differences, type Listing } from "./listing.ts";
import type { Matrix, PointResult, Undisturbed } from "./matrix.ts";
import type { Point } from "./points.ts";
import type { Ran } from "./run-scene.ts";
import { STAGES } from "./scene.ts";

export interface Verdict {
  /** "crash matrix of compile: 22 points, 0 failures (…)": what was found, by how often. */
  readonly summary: string;
  /** Each with the points where it was found. */
  readonly failures: readonly string[];
}

export function judge(title: string, { undisturbed, results, points: all }: Matrix): Verdict {
  const outcomes = new Map<string, number>();
  const found = new Map<string, string[]>(wholeFailures(undisturbed).map((problem) => [problem, []]));
  for (const result of results) {
    const { outcome, problems } = judgePoint(result, undisturbed);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    const at = undisturbed.after.calls[result.point.call - 1];
    const point = `${result.point.how}${result.point.onward ? " onward" : ""} at call ${result.point.call}`;
    for (const problem of problems) {
      const key = withoutRandom(problem);
      found.set(key, [...(found.get(key) ?? []), `${point} (${at === undefined ? "?" : shown(at)})`]);
    }
  }
  const counts = [...outcomes].map(([outcome, count]) => `${count} ${outcome}`).join(", ");
  const failures = [...found].map(([problem, points]) => `${problem}${where(points)}`);
  const tried = results.length === all ? `${all}` : `time for ${results.length} of ${all}`;
  return { summary: `${title}: ${tried} points, ${failures.length} failures (${counts})`, failures };
}

/** The first few say enough. */
function where(points: readonly string[]): string {
  if (points.length === 0) return "";
  return ` [${points.slice(0, 3).join("; ")}${points.length > 3 ? `; ${points.length} in all` : ""}]`;
}

const RANDOM = new RegExp(`[0-9a-f]{16}(?=\\.tmp)|(?<=-${STAGES}-)[A-Za-z0-9]{6}`, "g");

/** Names of temporary files differ from run to run. */
function withoutRandom(text: string): string {
  return text.replaceAll(RANDOM, "RANDOM");
}

function wholeFailures({ untouched, before, after, ends }: Undisturbed): readonly string[] {
  const runs = Object.entries({ untouched, before, after, ...ends });
  return runs.flatMap(([name, run]) => [
    ...(run.status === 0 ? [] : [`undisturbed, ${name}: ${said(run)}`]),
    ...brokenPrograms(run, untouched).map((problem) => `undisturbed, ${name}: ${problem}`),
  ]);
}

interface Judged {
  readonly outcome: string;
  readonly problems: readonly string[];
}

function judgePoint({ point, first, next }: PointResult, undisturbed: Undisturbed): Judged {
  const own = isKill(point) ? judgeKilled(first, undisturbed) : judgeFailed(point, first, undisturbed);
  const later = Object.entries(next).flatMap(([name, run]) =>
    [...completed(run, undisturbed.ends[name]), ...brokenPrograms(run, undisturbed.untouched)].map(
      (problem) => `then ${name}: ${problem}`,
    ),
  );
  const missed = reached(point, first, undisturbed) ? [] : ["the run did not make the same calls up to there"];
  return {
    outcome: own.outcome,
    problems: [...missed, ...own.problems, ...brokenPrograms(first, undisturbed.untouched), ...later],
  };
}

function isKill({ how }: Point): boolean {
  return KILLS.some((kill) => kill === how);
}

function judgeKilled(run: Ran, undisturbed: Undisturbed): Judged {
  // What is left may be anything that harms nobody: the checks and the next run judge it.
  const problems = run.status === 128 + 9 ? [] : [`it was not killed: ${said(run)}`];
  return { outcome: `left ${stateOf(run, undisturbed)}`, problems };
}

function judgeFailed(point: Point, run: Ran, undisturbed: Undisturbed): Judged {
  const state = stateOf(run, undisturbed);
  const outcome = `ended with ${run.status} and left ${state}`;
  if (run.status === 0) {
    return { outcome, problems: state === "the new state" ? [] : [`success, but it left ${left(run, undisturbed)}`] };
  }
  const unclear = isClear(run) ? [] : [`no clear error: ${said(run)}`];
  const silent = unreported(point, run, undisturbed.before.listing);
  const unsaid = silent.length === 0 ? [] : [`it left ${uppermost(silent).join(", ")} without a word: ${said(run)}`];
  return { outcome, problems: [...unclear, ...unsaid] };
}

function isClear({ status, stderr }: Ran): boolean {
  const wellEnded = status === 3 || status === 4;
  return wellEnded && /^portreservectl: error: [^\n]+$/m.test(stderr) && !/\n {4}at |this is a bug/.test(stderr);
}

/** Where everything fails from some call on, what was only there for a while cannot be removed; the next run does it. */
const TEMPORARY = /\/\.[^/]+\.[0-9a-f]{16}\.tmp$|^\/run\/portreserve-(?:sandbox|rehearsal)-/;
/** Taking back ends at the first step that fails, since what was done before relies on what was done before that. */
const IN_PART = "it could be taken back only in part, ";

function unreported(point: Point, run: Ran, before: Listing): readonly string[] {
  if (point.onward && run.stderr.includes(IN_PART) && /then run 'sudo portreservectl uninstall/.test(run.stderr))
    return [];
  return differences(harmless(run.listing), harmless(before)).filter(
    (name) => !run.stderr.includes(name) && !(point.onward && TEMPORARY.test(name)),
  );
}

/** The lock's file stays after every run, in an image too, and means nothing. */
function harmless(listing: Listing): Listing {
  return new Map([...listing].filter(([name]) => !name.endsWith("/run/portreserve.lock")));
}

function stateOf(run: Ran, { before, after }: Undisturbed): string {
  const listing = harmless(run.listing);
  if (differences(listing, harmless(before.listing)).length === 0) return "the old state";
  if (differences(listing, harmless(after.listing)).length === 0) return "the new state";
  return "a state between";
}

function left(run: Ran, { after }: Undisturbed): string {
  return differences(harmless(run.listing), harmless(after.listing))
    .map((name) => `${name} (${run.listing.get(name) ?? "missing"} instead of ${after.listing.get(name) ?? "nothing"})`)
    .join(", ");
}

/** How a run that should have come to the same end as another did not. */
export function completed(run: Ran, end: Ran | undefined): readonly string[] {
  if (end === undefined) return ["no undisturbed run to compare with"];
  const sameTable = run.tableHash === end.tableHash && run.tableHash !== "";
  const different = differences(harmless(run.listing), harmless(end.listing)).filter(
    // A table that had to be written again is a generation further.
    (name) =>
      !(sameTable && name.endsWith(TABLE) && withoutHash(run.listing.get(name)) === withoutHash(end.listing.get(name))),
  );
  const wrong = uppermost(different).map(
    (name) => `${name} is ${run.listing.get(name) ?? "missing"} instead of ${end.listing.get(name) ?? "missing"}`,
  );
  return [...(run.status === 0 ? [] : [said(run)]), ...wrong];
}

const TABLE = "/etc/portreserve.table";

function withoutHash(described: string | undefined): string | undefined {
  return described?.replace(/ [0-9a-f]{64}$/, "");
}

/** Without what is below another one of them. */
function uppermost(paths: readonly string[]): readonly string[] {
  return paths.filter((name) => !paths.some((other) => name.startsWith(`${other}/`)));
}

function brokenPrograms(run: Ran, untouched: Ran): readonly string[] {
  const wrong = [
    ...firstDifference(run.checks, untouched.checks),
    ...firstDifference(run.complaints, untouched.complaints),
  ];
  return wrong.map((line) => `the programs changed: ${line}`);
}

function firstDifference(found: string, wanted: string): readonly string[] {
  if (found === wanted) return [];
  const lines = found.split("\n");
  const expected = wanted.split("\n");
  const at = lines.findIndex((line, index) => line !== expected[index]);
  const program = lines.slice(0, at + 1).findLast((line) => line.startsWith("== ")) ?? "nothing ran";
  return [`after '${program}': '${lines[at] ?? ""}' instead of '${expected[at] ?? ""}'`];
}

/** An injector that did not act would make every point a success. */
function reached({ call }: Point, { calls }: Ran, { after }: Undisturbed): boolean {
  const plain = (list: readonly Call[]): string =>
    list
      .slice(0, call)
      .map((one) => withoutRandom(shown(one)))
      .join("\n");
  return calls.length >= call && plain(calls) === plain(after.calls);
}

function said({ status, stderr }: Ran): string {
  return `status ${status}, ${JSON.stringify(stderr.slice(0, 2000))}`;
}
