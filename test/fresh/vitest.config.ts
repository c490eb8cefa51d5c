// How the fresh tier runs: `npm run test:fresh`. Its machines run whole test suites, so there are two at once at most.
import { defineConfig } from "vitest/config";

/** Milliseconds: nothing here asserts on time, but nothing may hang for ever. */
const HOUR = 3_600_000;

export default defineConfig({
  test: {
    root: new URL("../..", import.meta.url).pathname,
    include: ["test/fresh/*.test.ts"],
    globalSetup: [new URL("../guests/support/nothing-left.ts", import.meta.url).pathname],
    testTimeout: HOUR,
    hookTimeout: HOUR,
    fileParallelism: true,
    maxWorkers: 2,
    reporters: [new URL("../support/skip-reporter.ts", import.meta.url).pathname, "default"],
  },
});
