// The native parts that go into an archive for other hosts of this machine's kind, as this package has them.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
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
}

/** Throws AppError where the package has none for this machine. */
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
  return { arch: kind.own, abis };
}

const AGAIN = "install the package again";
