// Runs that end badly: one case each, started by test/guests/clean.test.ts and held to what every run of the guests is held to.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: new URL("../../../..", import.meta.url).pathname,
    include: ["test/guests/support/clean-run/*.case.ts"],
    globalSetup: [new URL("../nothing-left.ts", import.meta.url).pathname],
    testTimeout: 240_000,
    reporters: ["default"],
  },
});
