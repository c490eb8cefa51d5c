// Which files of portreserve-hold `install` puts on a host and `uninstall` takes away, and what is said of the ones it leaves out.
import { holderLinkSpec, holderProgramSpec, holderUnitSpec } from "../../core/install/holder-specs.ts";
import type { Spec } from "../../core/install/specs.ts";
import { hasUnits } from "../../observe/units/read-unit-files.ts";
import type { Message } from "../../report/types.ts";
import { lstatEntry } from "../../system/files/entry.ts";
import type { HostAbi } from "../../system/host/abis.ts";
import { holderProgram } from "../../system/host/holder-program.ts";
import { packagingOf } from "../../system/host/packaging.ts";
import { HOLDER_FILE, HOLDER_PROGRAM, HOLDER_WANTED } from "../../system/paths.ts";
import { holderUnitFile, maskedText, maskOfHolder, UNMASK } from "./holder-unit.ts";

/**
 * For `install`: the program; its unit where systemd boots the system; the link that enables it where `holds`, that is,
 * where the configuration holds or blocks a port.
 */
export function holderToPut(
  root: string,
  abis: readonly HostAbi[],
  holds: boolean,
): { readonly specs: readonly Spec[]; readonly notes: readonly Message[] } {
  const arch = abis.some(({ name }) => name === "aarch64") ? "arm64" : "x64";
  const bytes = holderProgram(arch);
  // The installed manager has none of its own.
  const isThere = lstatEntry(root, HOLDER_FILE).kind !== "missing";
  if (bytes === undefined && !isThere) return { specs: [], notes: lacking(arch, holds) };
  const program = bytes === undefined ? [] : [holderProgramSpec(HOLDER_FILE, bytes)];
  if (!hasUnits(root)) return { specs: program, notes: [] };
  const mask = maskOfHolder(root);
  if (mask !== undefined) return { specs: program, notes: masked(mask, holds) };
  const file = holderUnitFile(root);
  const link = holds ? [holderLinkSpec(HOLDER_WANTED, file)] : [];
  const unit = holderUnitSpec(file, HOLDER_FILE, packagingOf(root) === "own");
  return { specs: [...program, unit, ...link], notes: [] };
}

/** For `uninstall`. What masks the unit is the administrator's, and what a package has is the package's. */
export function holderToTake(root: string): readonly Spec[] {
  const file = holderUnitFile(root);
  const link = holderLinkSpec(HOLDER_WANTED, file);
  if (packagingOf(root) !== "none") return [link];
  const unit = maskOfHolder(root) === file ? [] : [holderUnitSpec(file, HOLDER_FILE)];
  return [holderProgramSpec(HOLDER_FILE, new Uint8Array()), ...unit, link];
}

function lacking(arch: string, holds: boolean): readonly Message[] {
  const message = `no port can be held or blocked: this package has no ${HOLDER_PROGRAM} for ${arch}`;
  return [{ severity: holds ? "warning" : "note", message, hint: "install another build of the package" }];
}

function masked(path: string, holds: boolean): readonly Message[] {
  return [{ severity: holds ? "warning" : "note", message: maskedText(path), hint: UNMASK }];
}
