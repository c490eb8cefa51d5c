// What `install` and `uninstall` look at before they decide: the host's loaders, the places of portreserve's files, the list, the table.
import { isExportRecord } from "../../core/export/setup-plan.ts";
import type { Artefact } from "../../core/install/artefacts.ts";
import type { Change } from "../../core/install/change.ts";
import { metricsTraceSpecs, metricsUnitSpecs } from "../../core/install/metrics-specs.ts";
import type { InstallState } from "../../core/install/plan.ts";
import {
  isManagerMark,
  librarySpec,
  MANAGER_MARK,
  type ManagerPart,
  managerSpecs,
  ruleSpec,
  type Spec,
  type UnitsChoice,
  unitSpecs,
} from "../../core/install/specs.ts";
import { holdFreshnessOf, readHold } from "../../observe/read-hold.ts";
import { freshnessOf, readSources, type Sources } from "../../observe/read-sources.ts";
import { managerSite } from "../../observe/units/read-manager-site.ts";
import type { Line, Message } from "../../report/types.ts";
import { commandLine } from "../../system/command-text.ts";
import { isFolder, lstatEntry, namesIn, statEntry } from "../../system/files/entry.ts";
import { HOLD_MODE } from "../../system/files/hold-file.ts";
import { readTable } from "../../system/files/table-file.ts";
import { abisOf, type HostAbi, highFile, libsWithShim, shareFile, shimFile } from "../../system/host/abis.ts";
import { appArmorActive, appArmorRules, hasEffect } from "../../system/host/confinement.ts";
import { MANAGER_FILE, partsInPlace } from "../../system/host/manager-parts.ts";
import { packagingOf } from "../../system/host/packaging.ts";
import {
  APPARMOR_BASE,
  BLACKLIST_FILE,
  EXPORTED_PARTS,
  EXPORTED_RECORD,
  HOLD_FILE,
  INSTALLED_SHIM,
  LOADER_CACHE,
  MANAGER_FOLDER,
  METRICS_FILE,
  OWNERS_FOLDER,
  PRELOAD_LIST,
  SERVICES_FILE,
  TABLE_FILE,
  UNIT_FOLDER,
  VENDOR_UNIT_FOLDER,
} from "../../system/paths.ts";
import { type HoldPlan, planHold } from "../hold-file/plan.ts";
import { changeLines } from "../table-change.ts";
import { planTable, type TablePlan } from "../table-plan.ts";
import type { Options } from "../types.ts";
import { artefactOf } from "./artefact-of.ts";
import { holderToPut, holderToTake } from "./holder-choice.ts";

export interface InstallContext {
  readonly state: InstallState;
  readonly abis: readonly HostAbi[];
  readonly sources: Sources;
  readonly tablePlan: TablePlan;
  /** What will be missing, and why. */
  readonly notes: readonly Message[];
}

/** For `install`: what this version would put on the host. Throws AppError. */
export function gatherForInstall(options: Options, dropIns: readonly Spec[]): InstallContext {
  const { root } = options;
  const abis = abisOf(root);
  const sources = readSources(options, "may miss");
  const table = readTable(root);
  // Where just this configuration is in force, somebody has chosen it with `compile --force`.
  const hold = readHold(root);
  const isInForce = ["none", "fresh"].includes(holdFreshnessOf(hold, sources.held));
  const force = isInForce && freshnessOf(table, sources.content) === "fresh";
  const tablePlan = planTable({ force, strict: false }, sources, table, hold);
  const holdPlan: HoldPlan = tablePlan.kind === "refuse" ? { kind: "none" } : planHold(sources.held, hold);
  const libraries = abis.flatMap(({ lib, shim, high, share }): readonly Spec[] => {
    if (lib === undefined || shim === undefined) return [];
    // Every program maps libc: what may be done with its label may be done with ours.
    const labelOf = `/${lib}/libc.so.6`;
    const shared = share === undefined ? [] : [librarySpec("share", shareFile(lib), share, labelOf)];
    const higher = high === undefined ? [] : [librarySpec("high", highFile(lib), high, labelOf)];
    return [librarySpec("shim", shimFile(lib), shim, labelOf), ...higher, ...shared];
  });
  const confined = rulesChoice(root);
  const { manager, units, notes } = managerChoice(root, abis);
  const holder = holderToPut(root, abis, sources.held.length > 0);
  const state = stateOfHost(root, {
    libraries,
    rules: confined.rules,
    manager,
    units,
    holder: holder.specs,
    dropIns,
    table: tableChange(tablePlan),
    hold: holdChanges(root, holdPlan),
  });
  const left = holdPlan.kind === "left" ? [holdPlan.message] : [];
  return { state, abis, sources, tablePlan, notes: [...confined.notes, ...notes, ...holder.notes, ...left] };
}

/** For `uninstall`: what any version has put there, whatever this one would. */
export function gatherForUninstall(root: string, dropIns: readonly Spec[]): InstallState {
  const nothing = new Uint8Array();
  const rules = appArmorRules(root);
  const packaged = packagingOf(root) !== "none";
  const parts = partsInPlace(root).map((file): ManagerPart => ({ file, bytes: nothing, isProgram: false }));
  return stateOfHost(root, {
    libraries: packaged
      ? []
      : libsWithShim(root).flatMap((lib) => [
          librarySpec("share", shareFile(lib), nothing, shareFile(lib)),
          librarySpec("high", highFile(lib), nothing, highFile(lib)),
          librarySpec("shim", shimFile(lib), nothing, shimFile(lib)),
        ]),
    rules: rules === undefined ? [] : [ruleSpec(rules, TABLE_FILE)],
    manager: packaged ? [] : [...managerSpecs(MANAGER_FOLDER, parts, isOurFolder(root)), ...exportedSpecs(root)],
    units: [
      ...unitsBy(root, { node: "", manager: "" }).filter(({ wanted }) => !packaged || wanted.kind === "link"),
      ...metricsTraceSpecs(unitPlaces(root), METRICS_FILE),
    ],
    holder: holderToTake(root),
    dropIns,
    table: undefined,
    hold: holdChanges(root, planHold([], readHold(root))),
  });
}

/** Of an exported archive that `install` has come after, or that its own script has not taken away. */
function exportedSpecs(root: string): readonly Spec[] {
  const record = lstatEntry(root, `${MANAGER_FOLDER}/${EXPORTED_RECORD}`);
  if (record.kind !== "file" || !isExportRecord(record.bytes)) return [];
  const files = [EXPORTED_RECORD, ...EXPORTED_PARTS];
  const parts = files.map((file) => ({ file, bytes: new Uint8Array(), isProgram: false }));
  return managerSpecs(MANAGER_FOLDER, parts, true);
}

type Specs = Readonly<Record<"libraries" | "rules" | "manager" | "units" | "holder" | "dropIns", readonly Spec[]>> & {
  readonly table: InstallState["table"];
  readonly hold: InstallState["hold"];
};

function stateOfHost(root: string, specs: Specs): InstallState {
  const seen = (list: readonly Spec[]): readonly Artefact[] => list.map((spec) => artefactOf(root, spec));
  return {
    libraries: seen(specs.libraries),
    rules: seen(specs.rules),
    manager: seen(specs.manager),
    units: seen(specs.units),
    holder: seen(specs.holder),
    dropIns: seen(specs.dropIns),
    list: { path: PRELOAD_LIST, found: statEntry(root, PRELOAD_LIST), labelOf: LOADER_CACHE },
    entry: INSTALLED_SHIM,
    owners: OWNERS_FOLDER,
    table: specs.table,
    hasTable: statEntry(root, TABLE_FILE).kind === "file",
    tablePath: TABLE_FILE,
    hold: specs.hold,
    holdPath: HOLD_FILE,
    contents: (folder) => (isFolder(root, folder) ? namesIn(root, folder) : undefined),
  };
}

const WATCHED: readonly string[] = [OWNERS_FOLDER, SERVICES_FILE, BLACKLIST_FILE];

/** What lets the programs that AppArmor confines read the table. */
function rulesChoice(root: string): { readonly rules: readonly Spec[]; readonly notes: readonly Message[] } {
  const folder = appArmorActive(root) ? appArmorRules(root) : undefined;
  if (folder === undefined) return { rules: [], notes: [] };
  if (hasEffect(root, folder)) return { rules: [ruleSpec(folder, TABLE_FILE)], notes: [] };
  const message = `programs that AppArmor confines may not read the table: '${APPARMOR_BASE}' does not include '${folder}', as it does since AppArmor 3.0`;
  const hint = `add the line '${TABLE_FILE} r,' to the profiles of those that 'portreservectl status' names`;
  return { rules: [], notes: [{ severity: "note", message, hint }] };
}

/** The manager and its units, where systemd is and root has a node of its own. */
function managerChoice(
  root: string,
  abis: readonly HostAbi[],
): { readonly manager: readonly Spec[]; readonly units: readonly Spec[]; readonly notes: readonly Message[] } {
  const site = managerSite(root, abis);
  if ("obstacle" in site) {
    const message = `the table will not follow the configuration by itself: ${site.obstacle}`;
    const hint = `run '${commandLine(root, "compile")}' after each change of the configuration${site.otherwise}`;
    return { manager: [], units: [], notes: [{ severity: "note", message, hint }] };
  }
  const manager = `${MANAGER_FOLDER}/${MANAGER_FILE}`;
  return {
    manager: managerSpecs(MANAGER_FOLDER, site.parts, isOurFolder(root)),
    units: unitsBy(root, { node: site.node, manager }),
    notes: [],
  };
}

function unitsBy(root: string, by: Pick<UnitsChoice, "node" | "manager">): readonly Spec[] {
  const places = { ...unitPlaces(root), ...by };
  return [...unitSpecs({ ...places, watched: WATCHED }), ...metricsUnitSpecs(places, METRICS_FILE)];
}

function unitPlaces(root: string): Pick<UnitsChoice, "folder" | "packaged"> {
  return packagingOf(root) === "none" ? { folder: UNIT_FOLDER } : { folder: UNIT_FOLDER, packaged: VENDOR_UNIT_FOLDER };
}

function isOurFolder(root: string): boolean {
  const mark = lstatEntry(root, `${MANAGER_FOLDER}/${MANAGER_MARK}`);
  return mark.kind === "file" && isManagerMark(mark.bytes);
}

function tableChange(plan: TablePlan): (Change & { kind: "write-table" }) | undefined {
  if (plan.kind !== "write") return undefined;
  return { kind: "write-table", path: TABLE_FILE, bytes: plan.bytes, text: changeLines(plan.change).map(plainText) };
}

/** As for every other file: shown as a diff, and taken back where something fails. */
function holdChanges(root: string, plan: HoldPlan): readonly Change[] {
  if (plan.kind !== "write" && plan.kind !== "remove") return [];
  const found = statEntry(root, HOLD_FILE);
  const old = found.kind === "file" ? found.bytes : undefined;
  const place = { path: HOLD_FILE, old, follow: true } as const;
  if (plan.kind === "remove") return [{ kind: "remove", ...place }];
  const modes = found.kind === "file" && found.mode !== HOLD_MODE ? { oldMode: found.mode } : {};
  return [{ kind: "write-file", ...place, bytes: Buffer.from(plan.text), mode: HOLD_MODE, ...modes }];
}

function plainText(line: Line): string {
  const spans = Array.isArray(line) ? line : [line];
  return spans.map((span) => (typeof span === "string" ? span : span.text)).join("");
}
