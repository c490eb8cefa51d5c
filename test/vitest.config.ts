// How the tests run: one file at a time per worker, real programs, generous time limits (nothing here asserts on time).
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: new URL("..", import.meta.url).pathname,
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    fileParallelism: true,
    reporters: [new URL("support/skip-reporter.ts", import.meta.url).pathname, "default"],
  },
});
