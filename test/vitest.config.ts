// How the tests run: a file for each processor at a time, real programs, generous time limits (nothing here asserts on time).

import { availableParallelism } from "node:os";
import path from "node:path";
import { defineConfig } from "vitest/config";
import { tiers } from "./tiers.ts";

const below = (patterns: readonly string[] = []): string[] => patterns.map((pattern) => `test/${pattern}`);

export default defineConfig({
  test: {
    root: path.resolve(import.meta.dirname, ".."),
    projects: Object.entries(tiers).map(([name, { include, exclude }]) => ({
      extends: true,
      test: {
        name,
        include: below(include),
        exclude: below(exclude),
        // What is pure leaves nothing behind: its files share what they import.
        isolate: name !== "unit",
        // All others run their programs from a copy that every user may enter.
        globalSetup: name === "unit" ? [] : [path.resolve(import.meta.dirname, "support/stage/set-up.ts")],
      },
    })),
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: true,
    // One more than by default: most of a test's time is spent waiting for programs.
    maxWorkers: Math.max(2, availableParallelism()),
    reporters: [
      path.resolve(import.meta.dirname, "support/skip-reporter.ts"),
      ...(process.env.PORTRESERVE_RECORD === "1"
        ? [path.resolve(import.meta.dirname, "support/fault/evidence-reporter.ts")]
        : []),
      "default",
    ],
  },
});
