// The packages for distributions as the scripts in scripts/package make them.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";
import { packageRoot } from "../../src/core/native.ts";
import { scratch } from "../support/cli.ts";
import { type Arch, PARTS } from "./prebuilt.ts";

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

/** Every file and link that a package has for this processor, below /usr and sorted. `own`: those that only its kind has. */
export function filesOfPackage(arch: Arch, libs: readonly string[], own: readonly string[]): readonly string[] {
  return [
    ...["bin/portreservectl", "sbin/portrelease", "sbin/portreserve-hold"],
    ...["package.json", "portreserve-hold", "dist/portreservectl.mjs", "dist/portrelease.js"].map(
      (name) => `lib/portreserve/${name}`,
    ),
    ...PARTS[arch]
      .filter((name) => name !== "SHA256SUMS")
      .map((name) => `lib/portreserve/prebuilds/linux-${arch}/${name}`),
    ...libs.flatMap((lib) =>
      ["libportreserve.so", "libportreserve-high.so", "libportreserve-share.so"].map(
        (name) => `${lib}/portreserve/${name}`,
      ),
    ),
    ...[
      ...["portreserve.path", "portreserve-services.path", "portreserve-blacklist.path", "portreserve.service"],
      ...["portreserve-recompile@.service", "portreserve-hold.service"],
      ...["portreserve-metrics.service", "portreserve-metrics.timer"],
    ].map((name) => `lib/systemd/system/${name}`),
    ...["portreserve.5", "portreserve.table.5"].map((name) => `share/man/man5/${name}.gz`),
    ...["portrelease.8", "portreserve-hold.8", "portreservectl.8"].map((name) => `share/man/man8/${name}.gz`),
    "share/bash-completion/completions/portreservectl",
    "share/fish/vendor_completions.d/portreservectl.fish",
    ...["images.md", "recovery.md", "security-tools.md"].map((name) => `share/doc/portreservectl/${name}`),
    ...own,
  ].sort();
}

/** The names of all that may be executed. */
export function programsOfPackage(arch: Arch): readonly string[] {
  const i386 = arch === "x64" ? ["portreserve-probe-i386"] : [];
  return [
    ...["portrelease.js", "portreserve-hold", "portreserve-pidexec", "portreserve-probe"],
    ...["portreserve-probe-static", "portreservectl.mjs", ...i386],
  ].sort();
}
