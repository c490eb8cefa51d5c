// How the guest tier runs: `npm run test:guests`. Guests wait most of their time, so two files run at once.
import path from "node:path";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: path.resolve(import.meta.dirname, "../.."),
    include: ["test/guests/*.test.ts"],
    globalSetup: [path.resolve(import.meta.dirname, "support/nothing-left.ts")],
    testTimeout: 240_000,
    hookTimeout: 600_000,
    fileParallelism: true,
    maxWorkers: 2,
    reporters: [
      path.resolve(import.meta.dirname, "../support/skip-reporter.ts"),
      path.resolve(import.meta.dirname, "support/evidence-reporter.ts"),
      "default",
    ],
  },
});
