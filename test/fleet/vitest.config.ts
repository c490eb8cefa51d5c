// How the fleet tier runs: `npm run test:fleet`. Many hosts, managed and watched by what administrators run already: real Ansible, Prometheus, node_exporter.
import path from "node:path";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: path.resolve(import.meta.dirname, "../.."),
    include: ["test/fleet/*.test.ts"],
    globalSetup: [path.resolve(import.meta.dirname, "../guests/support/nothing-left.ts")],
    testTimeout: 240_000,
    hookTimeout: 600_000,
    fileParallelism: true,
    maxWorkers: 2,
    reporters: [
      path.resolve(import.meta.dirname, "../support/skip-reporter.ts"),
      path.resolve(import.meta.dirname, "../guests/support/evidence-reporter.ts"),
      "default",
    ],
  },
});
