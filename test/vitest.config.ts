// How the tests run: a file for each processor at a time, real programs, generous time limits (nothing here asserts on time).
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: new URL("..", import.meta.url).pathname,
    include: ["test/**/*.test.ts"],
    // These have commands of their own: npm run test:guests, npm run test:fresh, npm run test:vm.
    exclude: ["test/guests/**", "test/fresh/**", "test/vm/**"],
    // Programs under test run from a copy that every user may enter.
    globalSetup: [new URL("support/stage/set-up.ts", import.meta.url).pathname],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: true,
    // One more than by default: most of a test's time is spent waiting for programs.
    maxWorkers: Math.max(2, availableParallelism()),
    reporters: [
      new URL("support/skip-reporter.ts", import.meta.url).pathname,
      ...(process.env.PORTRESERVE_RECORD === "1"
        ? [new URL("support/fault/evidence-reporter.ts", import.meta.url).pathname]
        : []),
      "default",
    ],
  },
});
