// The native parts that go into an archive for other hosts of this machine's kind, as this package has them.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { readElf } from "../../core/elf/read-elf.ts";
import { bytesSource } from "../../core/elf/reader.ts";
import type { AbiParts } from "../../core/export/archive.ts";
import { nativeFolder } from "../../core/native.ts";
import { AppError } from "../app-error.ts";
import { SHIM_FILE } from "../paths.ts";

/** By Node's name of this machine: the ABI of its own programs, and what else its hosts may run. */
const KINDS: Readonly<Record<string, { readonly own: string; readonly others: readonly string[] }>> = {
  x64: { own: "x86_64", others: ["i386"] },
  arm64: { own: "aarch64", others: [] },
};

export interface NativeParts {
  readonly arch: string;
  readonly abis: readonly AbiParts[];
  /** The newest version of glibc that the own shim needs, such as "2.17". */
  readonly libc: string;
}

/** Throws AppError where the package has none for this machine, or one that no host can load. */
export function archiveParts(): NativeParts {
  const kind = KINDS[process.arch];
  if (kind === undefined) {
    throw new AppError("incomplete", `there is no shim for this machine (${process.arch})`, "run it on x64 or arm64");
  }
  const folder = nativeFolder();
  const abis = [kind.own, ...kind.others].flatMap((abi): readonly AbiParts[] => {
    const suffix = abi === kind.own ? "" : `-${abi}`;
    const shim = path.join(folder, SHIM_FILE.replace(".so", `${suffix}.so`));
    const name = `portreserve-probe${suffix}`;
    const probe = path.join(folder, name);
    if (!existsSync(shim) || !existsSync(probe)) {
      if (abi === kind.own) throw new AppError("incomplete", `'${existsSync(shim) ? probe : shim}' is missing`, AGAIN);
      return [];
    }
    return [{ abi, shim: readFileSync(shim), probe: { name, bytes: readFileSync(probe) } }];
  });
  const versions = abis.map(({ abi, shim }) => libcOf(abi, shim));
  return { arch: kind.own, abis, libc: versions[0] ?? "" };
}

const AGAIN = "install the package again";

function libcOf(abi: string, shim: Uint8Array): string {
  const elf = readElf(bytesSource(shim));
  if ("fault" in elf) throw new AppError("unsafe", `the shim for ${abi} ${elf.reason}`, AGAIN);
  const versions = elf.versionsNeeded.flatMap(({ version }) => /^GLIBC_([\d.]+)$/.exec(version)?.[1] ?? []);
  return versions.sort((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1) ?? "2.0";
}
