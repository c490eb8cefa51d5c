// The package as npm makes it, and the same package with one file in it damaged.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { packageRoot } from "../../src/core/native.ts";
import { scratch } from "../support/cli.ts";

export interface Manifest {
  readonly version: string;
  readonly scripts: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

export const manifest = JSON.parse(readFileSync(path.join(packageRoot, "package.json"), "utf8")) as Manifest;

/** Packs the checkout, and gives the tarball. */
export function packed(): string {
  // Not prepack and prepare: they would build, in a checkout where tests run.
  return pack(packageRoot);
}

/** Packs what is in the tarball once more, after `change` had its way with the unpacked folder. */
export function repacked(tarball: string, change: (folder: string) => void): string {
  const folder = scratch();
  run("tar", ["-xzf", tarball, "-C", folder], folder);
  change(path.join(folder, "package"));
  return pack(path.join(folder, "package"));
}

function pack(folder: string): string {
  const out = scratch();
  return path.join(out, run("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", out], folder).trim());
}

function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** Makes an ELF file ask for another version of a library, under a name of the same length. */
export function asking(bytes: Buffer, version: string, other: string): Buffer {
  const changed = Buffer.from(bytes);
  const replace = (old: Buffer, fresh: Buffer): void => {
    const at = changed.indexOf(old);
    if (at < 0 || changed.indexOf(old, at + 1) >= 0 || old.length !== fresh.length) {
      throw new Error(`${version} is not there just once`);
    }
    fresh.copy(changed, at);
  };
  replace(Buffer.from(`\0${version}\0`), Buffer.from(`\0${other}\0`));
  replace(elfHash(version), elfHash(other));
  return changed;
}

/** The System V hash by which the loader finds a version. */
function elfHash(name: string): Buffer {
  const hash = [...Buffer.from(name)].reduce((sum, byte) => {
    const next = sum * 16n + BigInt(byte);
    return (next ^ ((next & 0xf0000000n) >> 24n)) & 0x0fffffffn;
  }, 0n);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(Number(hash));
  return bytes;
}
