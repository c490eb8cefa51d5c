// Runs that end badly: one case each, started by test/guests/clean.test.ts and held to what every run of the guests is held to.
import path from "node:path";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: path.resolve(import.meta.dirname, "../../../.."),
    include: ["test/guests/support/clean-run/*.case.ts"],
    globalSetup: [path.resolve(import.meta.dirname, "../nothing-left.ts")],
    testTimeout: 240_000,
    reporters: ["default"],
  },
});
