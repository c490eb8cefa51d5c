// The native parts in prebuilds/, which `npm run prebuild` makes: whether they are there, and of these sources.
import { existsSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import { packageRoot } from "../../src/core/native.ts";

export type Arch = "x64" | "arm64";
export const ARCHS: readonly Arch[] = ["x64", "arm64"];

const common = ["libportreserve.so", "portreserve-pidexec", "portreserve-probe", "portreserve.node"];
/** What the package must carry, so that a file that gets lost on the way is missed. */
export const PARTS: Readonly<Record<Arch, readonly string[]>> = {
  x64: ["libportreserve-i386.so", "portreserve-probe-i386", ...common].sort(),
  arm64: common,
};

export const prebuiltFolder = (arch: Arch): string => path.join(packageRoot, "prebuilds", `linux-${arch}`);

/** Undefined where they are all there and none is older than its sources, else why not; an error where everything is required. */
export function notPrebuilt(...archs: readonly Arch[]): string | undefined {
  const reason = archs.map(fault).find((text) => text !== undefined);
  if (reason !== undefined && process.env.PORTRESERVE_REQUIRE_ALL === "1") {
    throw new Error(`PORTRESERVE_REQUIRE_ALL=1, but ${reason}`);
  }
  return reason;
}

function fault(arch: Arch): string | undefined {
  const files = PARTS[arch].map((name) => path.join(prebuiltFolder(arch), name));
  if (!files.every((file) => existsSync(file))) return `prebuilds/ has no parts for ${arch}: run 'npm run prebuild'`;
  const sources = ["addon", "preload", "probe", "table", "."].flatMap((folder) =>
    readdirSync(path.join(packageRoot, "native", folder), { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name)),
  );
  const changed = Math.max(...sources.map((file) => statSync(file).mtimeMs));
  return files.every((file) => statSync(file).mtimeMs > changed)
    ? undefined
    : "prebuilds/ is older than native/: run 'npm run prebuild'";
}
