// Says at the end of a run what was skipped and why: vitest's own reporters only count.
import type { Reporter, TestModule } from "vitest/node";

/** `named` in can.ts puts the reason into the name of what it skips. */
const REASON = /\(skipped: (.+?)\)(?= >|$)/;

export default class SkipReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = new Map<string, number>();
    for (const module of modules) {
      for (const test of module.children.allTests("skipped")) {
        const reason = REASON.exec(test.fullName)?.[1] ?? `no reason given: ${test.fullName}`;
        counts.set(reason, (counts.get(reason) ?? 0) + 1);
      }
    }
    for (const [reason, count] of counts) console.log(`skipped ${count} ${count === 1 ? "test" : "tests"}: ${reason}`);
    if (counts.size === 0) console.log("skipped nothing");
  }
}
