// What a run of vitest says in the end, read from its output, for tests that start whole runs on other machines.

export interface TestRun {
  /** "test/FILE > GROUP > NAME" of each that failed, without its tier, and files that could not be loaded; each once. */
  readonly failed: readonly string[];
  readonly counts: { readonly passed: number; readonly failed: number; readonly skipped: number };
  /** How many tests were skipped for each reason, by skip-reporter.ts. */
  readonly reasons: ReadonlyMap<string, number>;
}

/** Undefined where the run has no summary: it did not come to its end. */
export function testRunOf(output: string): TestRun | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what colours begin with
  const lines = output.replace(/\u001b\[[0-9;]*m/g, "").split("\n");
  const summary = lines
    .map((line) => /^\s+Tests\s+(.+) \(\d+\)$/.exec(line)?.[1])
    .findLast((text) => text !== undefined);
  if (summary === undefined) return undefined;
  const count = (word: string): number => Number(new RegExp(`(\\d+) ${word}`).exec(summary)?.[1] ?? 0);
  return {
    failed: [...new Set(lines.flatMap((line) => /^ FAIL {2}(?: \w+ {2})?(.+)$/.exec(line)?.[1]?.trimEnd() ?? []))],
    counts: { passed: count("passed"), failed: count("failed"), skipped: count("skipped") },
    reasons: new Map(
      lines.flatMap((line) => {
        const [, number, reason] = /^skipped (\d+) tests?: (.+)$/.exec(line) ?? [];
        return reason === undefined ? [] : [[reason, Number(number)] as const];
      }),
    ),
  };
}

/** What is wrong with it, a line each: a run is good when each test has passed, or was skipped for a reason that it gives. */
export function faultsOf(output: string): readonly string[] {
  const run = testRunOf(output);
  if (run === undefined) return ["the tests did not come to vitest's summary"];
  const { failed, counts, reasons } = run;
  const explained = [...reasons.values()].reduce((sum, number) => sum + number, 0);
  return [
    ...failed.map((name) => `failed: ${name}`),
    ...(counts.failed > failed.length ? [`failed: ${counts.failed} tests`] : []),
    ...(counts.passed === 0 ? ["no test has passed"] : []),
    ...[...reasons.keys()]
      .filter((reason) => reason.startsWith("no reason given"))
      .map((reason) => `skipped: ${reason}`),
    ...(explained === counts.skipped
      ? []
      : [`skipped: ${counts.skipped} tests, but reasons were given for ${explained}`]),
  ];
}
