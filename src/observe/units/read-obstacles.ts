// Whether the LD_PRELOAD of a drop-in would reach the programs of a service, by all the files that decide it.
import { readElf } from "../../core/elf/read-elf.ts";
import { bytesSource } from "../../core/elf/reader.ts";
import { fromFiles } from "../../core/systemd/from-files.ts";
import type { UnitFile } from "../../core/systemd/unit-file.ts";
import { type Obstacle, whyNoEffect } from "../../core/systemd/why-no-effect.ts";
import { selinuxActive } from "../../system/host/confinement.ts";
import { INSTALLED_SHIM } from "../../system/paths.ts";
import { environmentFileTexts, programFile } from "./read-unit-texts.ts";

/** `files`: the unit's own and its drop-ins, in the order in which systemd reads them. */
export function dropInObstacles(root: string, unit: string, files: readonly UnitFile[]): readonly Obstacle[] {
  const effective = fromFiles(unit, files);
  return whyNoEffect({
    unit,
    shim: INSTALLED_SHIM,
    files,
    environmentFiles: environmentFileTexts(
      root,
      effective.environmentFiles.map(({ path }) => path),
    ),
    programs: effective.execStart.flatMap((path) => {
      const program = programFile(root, path);
      if (program === undefined) return [];
      const elf = readElf(bytesSource(program.bytes));
      return [{ ...program, static: !("fault" in elf) && elf.isStatic }];
    }),
    selinux: selinuxActive(root),
  });
}
