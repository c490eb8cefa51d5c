// How the machine tier runs: one machine at a time, since each of them keeps a processor busy that it does not have.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: new URL("../..", import.meta.url).pathname,
    include: ["test/vm/*.test.ts"],
    // A machine without KVM is some thirty times slower than this one.
    testTimeout: 1_800_000,
    hookTimeout: 1_800_000,
    fileParallelism: false,
    maxWorkers: 1,
    reporters: [
      new URL("../support/skip-reporter.ts", import.meta.url).pathname,
      new URL("evidence-reporter.ts", import.meta.url).pathname,
      "verbose",
    ],
  },
});
