// How the guest tier runs: `npm run test:guests`. Guests wait most of their time, so two files run at once.
import path from "node:path";
import { defineConfig } from "vitest/config";
import type { Section } from "./support/evidence-reporter.ts";

const SECTION: Section = {
  name: "guests",
  title: "Guests",
  command: "PORTRESERVE_RECORD=1 npm run test:guests",
  note:
    "Debian releases with their real daemons, booted with real systemd. The control is the same scene where nothing " +
    "keeps a reserved port from being handed out.",
  columns: ["scenario", "release", "engine", "control", "result", "tries"],
  packages: ["systemd", "mmdebstrap"],
};

/** The reporters of a tier whose hosts are guests; what it finds is a section of the page of evidence. */
export const reporters = (section: Section): (string | [string, Record<string, unknown>])[] => [
  path.resolve(import.meta.dirname, "../support/skip-reporter.ts"),
  [path.resolve(import.meta.dirname, "support/evidence-reporter.ts"), { ...section }],
  "default",
];

export default defineConfig({
  test: {
    root: path.resolve(import.meta.dirname, "../.."),
    include: ["test/guests/*.test.ts"],
    globalSetup: [path.resolve(import.meta.dirname, "support/nothing-left.ts")],
    testTimeout: 240_000,
    hookTimeout: 600_000,
    fileParallelism: true,
    maxWorkers: 2,
    reporters: reporters(SECTION),
  },
});
