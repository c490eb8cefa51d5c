// How scripts/bench/guest.mjs measures in a guest: the tests' guests are there already, and nothing is tested.
import path from "node:path";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: path.resolve(import.meta.dirname, "../.."),
    include: ["test/bench/*.bench.ts"],
    testTimeout: 900_000,
    hookTimeout: 600_000,
  },
});
