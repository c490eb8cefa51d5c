// How the guest tier runs: `npm run test:guests`. Guests wait most of their time, so two files run at once.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: new URL("../..", import.meta.url).pathname,
    include: ["test/guests/*.test.ts"],
    globalSetup: [new URL("support/nothing-left.ts", import.meta.url).pathname],
    testTimeout: 240_000,
    hookTimeout: 600_000,
    fileParallelism: true,
    maxWorkers: 2,
    reporters: [
      new URL("../support/skip-reporter.ts", import.meta.url).pathname,
      new URL("support/evidence-reporter.ts", import.meta.url).pathname,
      "default",
    ],
  },
});
