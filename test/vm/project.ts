// This checkout's builds, as a machine has them: the package as `install` needs it, with the probe beside it.

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { nativeFolder, packageRoot } from "../../src/core/native.ts";
import { NATIVE_PARTS } from "../support/native-parts.ts";

/** Where the project's files are in a machine; `portreservectl` is on its path. */
export const PROJECT = "/opt/portreserve";

/** What V8 compiles has to be translated once more in a machine without KVM: with less of that it takes half the time. */
export const COMMAND = {
  file: "/usr/local/bin/portreservectl",
  text: `#!/bin/sh\nexec node --no-opt --single-threaded ${PROJECT}/dist/portreservectl.mjs "$@"\n`,
} as const;

/** Where each file is on this host, by its name below PROJECT. */
export function projectFiles(): Readonly<Record<string, string>> {
  return {
    "package.json": path.join(packageRoot, "package.json"),
    "dist/portreservectl.mjs": path.join(packageRoot, "dist/portreservectl.mjs"),
    ...Object.fromEntries(NATIVE_PARTS.map((name) => [`build/Release/${name}`, path.join(nativeFolder(), name)])),
  };
}

/** Writes them into the image of a disk. `folder` is made for it, and removed. */
export function writeProject(folder: string, image: string): void {
  for (const [name, from] of Object.entries(projectFiles())) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    copyFileSync(from, path.join(folder, name));
  }
  const made = spawnSync("mke2fs", ["-q", "-t", "ext4", "-O", "^has_journal", "-d", folder, image, "32M"], {
    encoding: "utf8",
    env: { PATH: "/usr/sbin:/sbin:/usr/bin:/bin" },
  });
  rmSync(folder, { recursive: true });
  if (made.status !== 0) throw new Error(`mke2fs: ${made.stderr}`);
}
