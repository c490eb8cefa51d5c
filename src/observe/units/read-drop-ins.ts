// The drop-ins of a unit: which there are, which are ours, and what is wrong with these.
import { DROP_IN_NAME, isShimDropIn } from "../../core/systemd/drop-in.ts";
import { dropInFolders, inReadingOrder } from "../../core/systemd/drop-in-order.ts";
import { type DropInFacts, dropInFault, partsGiven } from "../../core/systemd/drop-in-wanted.ts";
import type { UnitFile } from "../../core/systemd/unit-file.ts";
import { unique } from "../../core/text.ts";
import { unitHint } from "../../coverage/commands.ts";
import type { UnitFacts } from "../../coverage/unit-facts.ts";
import { namesIn } from "../../system/files/entry.ts";
import { OUR_LIBRARIES } from "../../system/paths.ts";
import { fileStatus } from "../programs/read-programs-on-disk.ts";
import { dropInObstacles } from "./read-obstacles.ts";
import { readUnitText } from "./read-unit-files.ts";

/** What is true of the program or its root is found by looking at these. */
const SEEN_OTHERWISE: ReadonlySet<string> = new Set(["static-program", "other-root"]);

/** One that does not name the shim has no effect at all. */
export function faultsOf(
  unit: string,
  files: readonly UnitFile[],
  { fromManager }: Pick<DropInFacts, "fromManager">,
): Pick<UnitFacts, "dropInObstacle" | "dropInStale"> {
  const fault = dropInFault({ unit, files, ...OUR_LIBRARIES, fromManager });
  const kind = givesHighPorts(unit, files) ? "high" : "shim";
  const obstacles = dropInObstacles("/", unit, files, kind).filter(({ code }) => !SEEN_OTHERWISE.has(code));
  const first = obstacles.find(({ severity }) => severity === "error") ?? obstacles[0];
  const obstacle =
    fault?.certain === true
      ? { certain: true, reason: fault.reason, hint: unitHint(unit, kind === "high") }
      : first && { certain: first.severity === "error", reason: first.message, hint: first.hint };
  return {
    ...(obstacle === undefined ? {} : { dropInObstacle: obstacle }),
    ...(fault === undefined || fault.certain ? {} : { dropInStale: fault.reason }),
  };
}

/** One of its files is ours, and gives the twin. */
export function givesHighPorts(unit: string, files: readonly UnitFile[]): boolean {
  return files.some((file) => partsGiven(unit, file, OUR_LIBRARIES).shim === "high");
}

/** Of a search path: each folder of units, with the names that are in it. */
export type Folders = readonly (readonly [string, ReadonlySet<string>])[];

/** In the order in which systemd reads them. `names`: all of the unit's. */
export function dropInsOf(names: readonly string[], folders: Folders): readonly string[] {
  const own = unique(names.flatMap(dropInFolders)).filter((name) => folders.some(([, found]) => found.has(name)));
  return inReadingOrder(
    own.flatMap((name) =>
      folders
        .filter(([, found]) => found.has(name))
        .flatMap(([folder]) => namesIn("/", `${folder}/${name}`).map((file) => `${folder}/${name}/${file}`)),
    ),
  );
}

export function ourDropIns(paths: readonly string[]): Pick<UnitFacts, "hasDropIn" | "dropInSince"> {
  const ours = paths
    .filter((file) => file.endsWith(`/${DROP_IN_NAME}`))
    .filter((file) => readUnitText("/", file).every(({ text }) => isShimDropIn(text)));
  const times = ours.flatMap((file) => fileStatus("/", file)?.changedAt ?? []);
  return { hasDropIn: ours.length > 0, dropInSince: times.length === 0 ? undefined : Math.max(...times) };
}
