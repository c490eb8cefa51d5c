// The packages for distributions as the scripts in scripts/package make them.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";
import { packageRoot } from "../../src/core/native.ts";
import { scratch } from "../support/cli.ts";
import type { Arch } from "./prebuilt.ts";

export interface PackageRequest {
  readonly arch: Arch;
  readonly version?: string;
  /** Where the native parts are; the checkout's by default. */
  readonly prebuilds?: string;
}

/** The file of a package of the kind "deb" or "rpm" that is made now, in a folder of its own. */
export function packageMade(kind: "deb" | "rpm", { arch, version, prebuilds }: PackageRequest): string {
  const out = scratch();
  const options = [
    ...["--arch", arch, "--out", out],
    ...(version === undefined ? [] : ["--version", version]),
    ...(prebuilds === undefined ? [] : ["--prebuilds", prebuilds]),
  ];
  const script = path.join(packageRoot, `scripts/package/${kind}.mjs`);
  const { status, stderr } = spawnSync(process.execPath, [script, ...options], {
    cwd: "/",
    encoding: "utf8",
    env: { PATH: process.env.PATH, SOURCE_DATE_EPOCH: "1795000000" },
  });
  if (status !== 0) throw new Error(stderr);
  const [name = "", ...others] = readdirSync(out);
  if (others.length > 0) throw new Error(`one file was wanted, and there are ${others.length + 1}`);
  return path.join(out, name);
}
