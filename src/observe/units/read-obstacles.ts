// Whether the LD_PRELOAD of a drop-in would reach the programs of a service, by all the files that decide it.
import { readElf } from "../../core/elf/read-elf.ts";
import { bytesSource } from "../../core/elf/reader.ts";
import { hasNote } from "../../core/elf/static-names.ts";
import { fromFiles } from "../../core/systemd/from-files.ts";
import type { UnitFile } from "../../core/systemd/unit-file.ts";
import { type Obstacle, type StartedProgram, whyNoEffect } from "../../core/systemd/why-no-effect.ts";
import { selinuxActive } from "../../system/host/confinement.ts";
import { OUR_LIBRARIES } from "../../system/paths.ts";
import { GO_BUILD_ID } from "../programs/elf-facts.ts";
import { environmentFileTexts, programFile } from "./read-unit-texts.ts";

/** `files`: the unit's own and its drop-ins, in the order in which systemd reads them. */
export function dropInObstacles(
  root: string,
  unit: string,
  files: readonly UnitFile[],
  kind: keyof typeof OUR_LIBRARIES,
): readonly Obstacle[] {
  const effective = fromFiles(unit, files);
  return whyNoEffect({
    unit,
    library: OUR_LIBRARIES[kind],
    kind,
    files,
    environmentFiles: environmentFileTexts(
      root,
      effective.environmentFiles.map(({ path }) => path),
    ),
    programs: effective.execStart.flatMap((path): readonly StartedProgram[] => {
      const program = programFile(root, path);
      if (program === undefined) return [];
      const elf = readElf(bytesSource(program.bytes));
      if ("fault" in elf) return [{ ...program, static: false }];
      return [{ ...program, static: elf.isStatic, go: hasNote(elf, "Go", GO_BUILD_ID) === true }];
    }),
    selinux: selinuxActive(root),
  });
}
