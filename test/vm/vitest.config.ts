// How the machine tier runs: one machine at a time, since each of them keeps a processor busy that it does not have.
import path from "node:path";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: path.resolve(import.meta.dirname, "../.."),
    include: ["test/vm/*.test.ts"],
    // A machine without KVM is some thirty times slower than this one.
    testTimeout: 1_800_000,
    hookTimeout: 1_800_000,
    fileParallelism: false,
    maxWorkers: 1,
    reporters: [
      path.resolve(import.meta.dirname, "../support/skip-reporter.ts"),
      path.resolve(import.meta.dirname, "evidence-reporter.ts"),
      "verbose",
    ],
  },
});
