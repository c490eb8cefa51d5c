// Which test belongs to which command: every *.test.ts below test/ is in exactly one tier, and test/support/tiers.test.ts shows it.

/** Patterns below test/. */
export interface Tier {
  readonly include: readonly string[];
  readonly exclude?: readonly string[];
}

/** Pure: nothing built, no rights, no program but Node, and a few seconds for all. */
const unit = ["core/*.test.ts", "report/*.test.ts", "security/sources.test.ts", "support/tiers.test.ts"];

/**
 * What `install` may meet, each time on a host made for it: killed or refused at each call, beside others, in the way of
 * others; and what it gives beside the shim, which takes as long.
 */
const install = [
  "install/*-matrix-*.test.ts",
  "install/brick.test.ts",
  "install/concurrent.test.ts",
  "install/flushed.test.ts",
  "install/foreign.test.ts",
  "install/high-ports.test.ts",
  "install/image.test.ts",
  "install/image-holder.test.ts",
  "install/labels.test.ts",
  "install/mechanisms.test.ts",
  "install/mechanisms-fixed.test.ts",
  "install/old-daemon.test.ts",
  "install/package-copies.test.ts",
  "install/preload-list.test.ts",
  "install/share-library.test.ts",
  "install/whole-host.test.ts",
];

/** Attacks on root, booted guests and the zoo, the package, cross compilers, a million calls, limits, memory, every program of the host,
 * hostile and damaged input in many forms. */
const long = [
  "arm64/*.test.ts",
  "commands/bad-sources.test.ts",
  "commands/compile-heals.test.ts",
  "commands/streams.test.ts",
  "core/heavy/*.test.ts",
  "coverage/zoo*.test.ts",
  "fuzz/*.test.ts",
  "install/image-kinds.test.ts",
  "package/*.test.ts",
  "preload/preload-list-real.test.ts",
  "preload/table.test.ts",
  "recovery/*.test.ts",
  "security/*.test.ts",
  "stress/*.test.ts",
  "support/test-run.test.ts",
  "systemd/*.test.ts",
  "system/coverage-objects-damaged.test.ts",
  "system/damaged-table.test.ts",
  "system/elf-hostile.test.ts",
  "system/elf-real.test.ts",
  "system/full-disk.test.ts",
  "system/hold-killed.test.ts",
  "system/killed.test.ts",
  "system/locking.test.ts",
  "system/memory.test.ts",
  "system/sandbox.test.ts",
  "system/systemd-guest.test.ts",
];

/** All else: the real program in throwaway roots and sandboxes. A new folder is named here, or in another tier. */
const ordinary = [
  "commands/*.test.ts",
  "coverage/*.test.ts",
  "daemons/*.test.ts",
  "hold/*.test.ts",
  "install/*.test.ts",
  "preload/*.test.ts",
  "support/**/*.test.ts",
  "system/*.test.ts",
];

/** The projects of test/vitest.config.ts: `vitest run --project NAME` runs one. In vitest's order, which is that of names. */
export const tiers: Readonly<Record<string, Tier>> = {
  install: { include: install },
  long: { include: long, exclude: unit },
  ordinary: { include: ordinary, exclude: [...install, ...long, ...unit] },
  unit: { include: unit },
};
