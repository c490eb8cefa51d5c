// Finds the services that --unit names: by asking systemd on the host, by reading unit files in an image.
import { dropInPath } from "../../core/systemd/drop-in.ts";
import { dropInFolders, inReadingOrder } from "../../core/systemd/drop-in-order.ts";
import { fromShow } from "../../core/systemd/from-show.ts";
import type { UnitFile } from "../../core/systemd/unit-file.ts";
import { shownName, templateOf, type UnitName, unitName } from "../../core/systemd/unit-name.ts";
import { readUnitTexts, unitFileCalled } from "../../observe/units/read-unit-texts.ts";
import type { Message } from "../../report/types.ts";
import { AppError } from "../../system/app-error.ts";
import { lstatEntry, namesIn } from "../../system/files/entry.ts";
import { showUnit, systemdRuns } from "../../system/host/systemd.ts";
import { UNIT_FOLDER, UNIT_FOLDERS } from "../../system/paths.ts";
import { refusal } from "./refusals.ts";

export interface Service {
  /** Its own name, also where an alias was given. */
  readonly unit: string;
  /** Its files in the order in which systemd reads them. */
  readonly paths: readonly string[];
  readonly files: readonly UnitFile[];
}

/** A message where there is no such service. Throws AppError for a name that is none, and where systemd cannot be asked. */
export function findService(root: string, name: string, orDropIn?: "or its drop-in"): Service | Message {
  const parsed = unitName(name);
  if ("message" in parsed) throw new AppError("usage", parsed.message, parsed.hint);
  const paths = systemdRuns(root) ? askSystemd(parsed) : readImage(root, parsed);
  if (typeof paths !== "string" && paths.paths.length > 0) {
    return { ...paths, files: readUnitTexts(root, paths.paths) };
  }
  const { unit } = parsed;
  if (orDropIn && lstatEntry(root, `${UNIT_FOLDER}/${dropInPath(unit)}`).kind !== "missing") {
    return { unit, paths: [], files: [] };
  }
  if (typeof paths === "string") {
    return refusal(`'${unit}' ${NOT_LOADED[paths] ?? `is ${paths}`}`, `'systemctl status ${unit}' says more`);
  }
  const list =
    root === "/" ? "'systemctl list-unit-files --type=service' lists them" : `see the unit files in the image`;
  return refusal(`there is no service '${unit}'`, list);
}

/** What a LoadState of systemd means. */
const NOT_LOADED: Readonly<Record<string, string>> = {
  error: "has a unit file that systemd cannot load",
  "bad-setting": "has a setting that systemd refuses",
  masked: "is masked, so that nothing can start it",
};

/** A word where the unit cannot be covered; no paths where there is no unit. */
function askSystemd(name: UnitName): { readonly unit: string; readonly paths: readonly string[] } | string {
  const shown = showUnit(shownName(name));
  if (shown.outcome !== "done")
    throw new AppError("incomplete", `systemd cannot be asked: ${shown.reason}`, "run it on the host, as root");
  const [facts] = fromShow(shown.output);
  if (facts === undefined || facts.loadState === "not-found") return { unit: name.unit, paths: [] };
  if (facts.loadState !== "loaded") return facts.loadState;
  const unit = name.kind === "template" ? (templateOf(facts.id) ?? name.unit) : facts.id;
  return { unit, paths: [...(facts.fragmentPath === undefined ? [] : [facts.fragmentPath]), ...facts.dropInPaths] };
}

function readImage(
  root: string,
  { unit, kind }: UnitName,
): { readonly unit: string; readonly paths: readonly string[] } {
  if (root === "/") {
    throw new AppError(
      "incomplete",
      "systemd does not run here, so no service can be covered",
      "for one command use 'portreservectl run', for an image '--root'",
    );
  }
  return writtenService(root, { unit, kind });
}

/** What unit files say without a systemd to ask; no paths where there is no such service. */
export function writtenService(
  root: string,
  { unit, kind }: UnitName,
): { readonly unit: string; readonly paths: readonly string[] } {
  const template = kind === "instance" ? (templateOf(unit) ?? unit) : unit;
  const [own] = [...unitFileCalled(root, unit), ...unitFileCalled(root, template)];
  if (own === undefined) return { unit, paths: [] };
  const folders = UNIT_FOLDERS.flatMap((folder) => dropInFolders(unit).map((name) => `${folder}/${name}`));
  const dropIns = folders.flatMap((folder) => namesIn(root, folder).map((name) => `${folder}/${name}`));
  return { unit, paths: [own.path, ...inReadingOrder(dropIns)] };
}
