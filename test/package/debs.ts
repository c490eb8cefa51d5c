// The Debian packages as scripts/package/deb.mjs makes them, and a next version with other libraries.
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { packageRoot } from "../../src/core/native.ts";
import { scratch } from "../support/cli.ts";
import { type PackageRequest, packageMade } from "./packages.ts";
import type { Arch } from "./prebuilt.ts";
import { manifest } from "./tarball.ts";

export const NAME = "portreservectl";
export const DEBIAN: Readonly<Record<Arch, string>> = { x64: "amd64", arm64: "arm64" };

/** The file of a package that is made now, in a folder of its own. */
export const debMade = (request: PackageRequest): string => packageMade("deb", request);

/** As long as the present one: libraries are changed in place. */
export const NEXT = manifest.version.replace(/\d$/, (digit) => String((Number(digit) + 1) % 10));

/** A folder of native parts in which `change` had its way with each shim, and their sums are right. */
export async function partsWith(arch: Arch, change: (shim: Buffer) => void): Promise<string> {
  const folder = scratch();
  const parts = path.join(folder, `linux-${arch}`);
  cpSync(path.join(packageRoot, "prebuilds", `linux-${arch}`), parts, { recursive: true });
  for (const name of readdirSync(parts).filter((one) => /^libportreserve(-i386)?\.so$/.test(one))) {
    const bytes = readFileSync(path.join(parts, name));
    change(bytes);
    writeFileSync(path.join(parts, name), bytes);
  }
  const { sumsOf } = (await import(path.join(packageRoot, "scripts/parts.mjs"))) as {
    readonly sumsOf: (folder: string, arch: Arch) => string;
  };
  writeFileSync(path.join(parts, "SHA256SUMS"), sumsOf(parts, arch));
  return folder;
}

/** Says the next version, and is another file. */
export function saysNext(shim: Buffer): void {
  const at = shim.indexOf(`portreserve ${manifest.version} table `);
  if (at < 0) throw new Error("the shim does not tell its version");
  shim.write(NEXT, at + "portreserve ".length);
}
