// How the fresh tier runs: `npm run test:fresh`. Its machines run whole test suites, so there are two at once at most.
import path from "node:path";
import { defineConfig } from "vitest/config";

/** Milliseconds: nothing here asserts on time, but nothing may hang for ever. */
const HOUR = 3_600_000;

export default defineConfig({
  test: {
    root: path.resolve(import.meta.dirname, "../.."),
    include: ["test/fresh/*.test.ts"],
    globalSetup: [path.resolve(import.meta.dirname, "../guests/support/nothing-left.ts")],
    testTimeout: HOUR,
    hookTimeout: HOUR,
    fileParallelism: true,
    maxWorkers: 2,
    reporters: [path.resolve(import.meta.dirname, "../support/skip-reporter.ts"), "default"],
  },
});
