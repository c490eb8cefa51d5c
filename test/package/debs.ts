// The Debian packages as scripts/package/deb.mjs makes them, and a next version with other libraries.
import { spawnSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { packageRoot } from "../../src/core/native.ts";
import { scratch } from "../support/cli.ts";
import type { Arch } from "./prebuilt.ts";
import { manifest } from "./tarball.ts";

export const NAME = "portreservectl";
export const DEBIAN: Readonly<Record<Arch, string>> = { x64: "amd64", arm64: "arm64" };

export interface DebRequest {
  readonly arch: Arch;
  readonly version?: string;
  /** Where the native parts are; the checkout's by default. */
  readonly prebuilds?: string;
}

/** The file of a package that is made now, in a folder of its own. */
export function debMade({ arch, version, prebuilds }: DebRequest): string {
  const out = scratch();
  const options = [
    ...["--arch", arch, "--out", out],
    ...(version === undefined ? [] : ["--version", version]),
    ...(prebuilds === undefined ? [] : ["--prebuilds", prebuilds]),
  ];
  const script = path.join(packageRoot, "scripts/package/deb.mjs");
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
