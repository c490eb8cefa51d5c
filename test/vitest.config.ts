// How the tests run: a file for each processor at a time, real programs, generous time limits (nothing here asserts on time).
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { tiers } from "./tiers.ts";

const below = (patterns: readonly string[] = []): string[] => patterns.map((pattern) => `test/${pattern}`);

export default defineConfig({
  test: {
    root: new URL("..", import.meta.url).pathname,
    projects: Object.entries(tiers).map(([name, { include, exclude }]) => ({
      extends: true,
      test: {
        name,
        include: below(include),
        exclude: below(exclude),
        // What is pure leaves nothing behind: its files share what they import.
        isolate: name !== "unit",
        // All others run their programs from a copy that every user may enter.
        globalSetup: name === "unit" ? [] : [new URL("support/stage/set-up.ts", import.meta.url).pathname],
      },
    })),
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
