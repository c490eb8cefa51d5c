// What `install` puts on a host for held ports: portreserve-hold, its unit, and the link that enables it.
import { holderUnitText } from "../systemd/holder-unit-text.ts";
import { isOurUnit, packagedText } from "../systemd/unit-texts.ts";
import { folderOf, PROGRAM_MODE, type Spec, textSpec } from "./specs.ts";

/** In the usage text of every build of it. */
const PROGRAM_MARK = Buffer.from("usage: portreserve-hold [");

/** `file`: its place on the host. */
export function holderProgramSpec(file: string, program: Uint8Array): Spec {
  return {
    path: file,
    wanted: { kind: "file", bytes: program, mode: PROGRAM_MODE },
    folders: [folderOf(file)],
    isOurs: (content) => typeof content !== "string" && Buffer.from(content).includes(PROGRAM_MARK),
  };
}

/** `file`: the place of the unit; `program`: of what it starts. `packaged`: whether a package of the distribution has it. */
export function holderUnitSpec(file: string, program: string, packaged = false): Spec {
  const folder = folderOf(file);
  const text = holderUnitText(program);
  return textSpec(file, packaged ? packagedText(text) : text, isOurUnit, [folder, folderOf(folder)]);
}

/** What 'systemctl enable' makes for it: `link`, to the unit file `target`. */
export function holderLinkSpec(link: string, target: string): Spec {
  return {
    path: link,
    wanted: { kind: "link", target },
    folders: [folderOf(link), folderOf(target)],
    isOurs: (content) => content === target,
  };
}
