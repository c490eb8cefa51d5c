// The native parts in prebuilds/, which `npm run build:prebuilt` makes: what has to be there, and whether it is.
import path from "node:path";
import { packageRoot } from "../../src/core/native.ts";
import { skipFor } from "../support/can.ts";

export type Arch = "x64" | "arm64";
export const ARCHS: readonly Arch[] = ["x64", "arm64"];

const common = [
  "SHA256SUMS",
  "libportreserve-high.so",
  "libportreserve-share.so",
  "libportreserve.so",
  "portreserve-hold",
  "portreserve-pidexec",
  "portreserve-probe",
  "portreserve-probe-static",
  "portreserve.node",
];
/** What the package must carry, so that a file that gets lost on the way is missed. */
export const PARTS: Readonly<Record<Arch, readonly string[]>> = {
  x64: [
    ...common,
    "libportreserve-i386.so",
    "libportreserve-high-i386.so",
    "libportreserve-share-i386.so",
    "portreserve-probe-i386",
  ].sort(),
  arm64: common,
};

export const prebuiltFolder = (arch: Arch): string => path.join(packageRoot, "prebuilds", `linux-${arch}`);

/** Undefined where they are all there, as they were built, of these sources, else why not; an error where everything is required. */
export function notPrebuilt(...archs: readonly Arch[]): string | undefined {
  return skipFor(archs.map(fault).find((text) => text !== undefined));
}

const { wrongParts } = (await import(path.join(packageRoot, "scripts/parts.mjs"))) as {
  readonly wrongParts: (folder: string, arch: Arch) => string | undefined;
};

function fault(arch: Arch): string | undefined {
  const wrong = wrongParts(prebuiltFolder(arch), arch);
  return wrong === undefined ? undefined : `prebuilds/linux-${arch} ${wrong}: run 'npm run build:prebuilt'`;
}
