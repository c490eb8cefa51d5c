// What install and compile have put on the host: the table, the list, the libraries, the units and the manager.
import { readFileSync } from "node:fs";
import path from "node:path";
import { bytesSource } from "../core/elf/reader.ts";
import { isManagerMark, MANAGER_MARK } from "../core/install/specs.ts";
import { packageRoot } from "../core/native.ts";
import { loadedNames } from "../core/preload-list/loaded.ts";
import type { Seen } from "../core/seen.ts";
import { isUnseen } from "../core/seen.ts";
import { ASKED_OF_UNITS, fromShow, present } from "../core/systemd/from-show.ts";
import { enablingLinks, PATH_UNITS } from "../core/systemd/unit-texts.ts";
import type { LibraryFacts, SetupFacts, TableFacts } from "../coverage/facts.ts";
import { labelTypeOf } from "../system/files/attributes.ts";
import { lstatEntry } from "../system/files/entry.ts";
import { isFault, type ReadFault, readUnder } from "../system/files/read-file.ts";
import { readTable, type TableState } from "../system/files/table-file.ts";
import { abisOf, type HostAbi, highFile, type LoaderAnswer, shimFile } from "../system/host/abis.ts";
import { selinuxActive } from "../system/host/confinement.ts";
import { packagingOf } from "../system/host/packaging.ts";
import { showUnits, systemdRuns } from "../system/host/systemd.ts";
import { LOADER_CACHE, MANAGER_FOLDER, PRELOAD_LIST, TABLE_FILE, UNIT_FOLDER } from "../system/paths.ts";
import { elfFacts } from "./programs/elf-facts.ts";
import { closedPlace } from "./programs/read-closed.ts";
import { isShim, listEntries } from "./programs/read-list-entries.ts";
import { fileStatus } from "./programs/read-programs-on-disk.ts";
import { faultText, freshnessOf, isRetired, type Sources } from "./read-sources.ts";
import { managerSite } from "./units/read-manager-site.ts";

/** `sources`: undefined where the configuration cannot be read. `table`: as `readTable` gives it. */
export function observeSetup(
  root: string,
  sources: Sources | undefined,
  table: TableState = readTable(root),
  answerOf?: (loader: string) => LoaderAnswer,
): SetupFacts {
  const abis = abisOf(root, answerOf);
  return {
    table: tableFacts(root, sources, table),
    list: preloadList(root, abis),
    libraries: abis.map((abi) => libraryFacts(root, abi, abi.shim, shimFile)),
    highLibraries: abis.map((abi) => ({ ...libraryFacts(root, abi, abi.high, highFile), isHigh: true })),
    ...watching(root, abis),
    manager: { installed: installedManager(root), own: versionIn(readFileSync(path.join(packageRoot, MARK))) ?? "" },
  };
}

const MARK = MANAGER_MARK;
const LIMIT = 64 * 1024 * 1024;

function tableFacts(root: string, sources: Sources | undefined, table: TableState): TableFacts {
  const identity = fileStatus(root, TABLE_FILE);
  const label = root === "/" && selinuxActive(root) ? labels() : undefined;
  const reason = reasonOf(table);
  return {
    state: sources === undefined ? table.kind : freshnessOf(table, sources.content),
    ...(reason === undefined ? {} : { reason }),
    ...(table.kind === "valid" ? { generation: String(table.table.generation) } : {}),
    tcp: table.kind === "valid" ? table.table.tcp : [],
    udp: table.kind === "valid" ? table.table.udp : [],
    ...(identity === undefined ? {} : { since: identity.changedAt }),
    retired: isRetired(table),
    // An image may belong to the user who builds it.
    readableByAll: table.kind === "valid" && table.modeIsRight && (root !== "/" || identity?.uid === 0),
    ...(label === undefined ? {} : { label }),
  };
}

function reasonOf(table: TableState): string | undefined {
  switch (table.kind) {
    case "damaged":
      return `is ${faultText(table.fault)}`;
    case "unreadable":
      return `cannot be read: ${table.reason}`;
    case "foreign":
      return `is no file: ${table.reason}`;
    default:
      return undefined;
  }
}

function labels(): TableFacts["label"] {
  const [found, wanted] = [TABLE_FILE, LOADER_CACHE].map((file) => labelTypeOf(Buffer.from(file)));
  return found === undefined || wanted === undefined ? undefined : { found, wanted };
}

function preloadList(root: string, abis: readonly HostAbi[]): SetupFacts["list"] {
  const read = readUnder(root, PRELOAD_LIST, LIMIT);
  if (!isFault(read)) {
    const others = listEntries(root, read.bytes, abis);
    const namesShim = loadedNames(read.bytes).some(isShim);
    const closedBy = closedPlace(root, PRELOAD_LIST);
    return {
      namesShim,
      since: read.stats.mtimeMs,
      ...(closedBy === undefined ? {} : { closedBy }),
      ...(others.length === 0 ? {} : { others }),
    };
  }
  return read.kind === "missing" ? { namesShim: false, since: undefined } : unseen(PRELOAD_LIST, read);
}

function unseen(file: string, { kind, reason }: ReadFault): { unseen: string; rootWould: boolean } {
  return { unseen: `'${file}' cannot be read: ${reason}`, rootWould: kind === "denied" };
}

/** `own`: what this package has in its place. */
function libraryFacts(
  root: string,
  { name, lib }: HostAbi,
  own: Uint8Array | undefined,
  fileIn: (lib: string) => string,
): LibraryFacts {
  const nothing = { abi: name, key: undefined, marker: undefined };
  if (lib === undefined) {
    const state = { unseen: "its loader does not say where it looks for libraries", rootWould: false };
    return { ...nothing, path: fileIn("$LIB"), state };
  }
  const file = fileIn(lib);
  const read = readUnder(root, file, LIMIT);
  if (isFault(read)) {
    const state = read.kind === "missing" ? (own === undefined ? "no package" : "missing") : unseen(file, read);
    return { ...nothing, path: file, state };
  }
  const elf = elfFacts(bytesSource(read.bytes));
  const closedBy = closedPlace(root, file);
  return {
    abi: name,
    path: file,
    ...(closedBy === undefined ? {} : { closedBy }),
    state: own === undefined ? "no package" : Buffer.from(own).equals(read.bytes) ? "current" : "differs",
    key: fileStatus(root, file)?.key,
    marker: elf === undefined || isUnseen(elf) ? undefined : elf.marker,
  };
}

function watching(root: string, abis: readonly HostAbi[]): Pick<SetupFacts, "watchers" | "unwatched"> {
  const installed = PATH_UNITS.filter((unit) => lstatEntry(root, unitSign(root, unit)).kind !== "missing");
  if (!systemdRuns(root)) {
    const watchers = installed.map((unit) => ({ unit, activeState: "not loaded" }));
    return { watchers, unwatched: "systemd does not run here" };
  }
  if (installed.length > 0) return { watchers: watchers(installed) };
  const site = managerSite(root, abis);
  return { watchers: [], ...("obstacle" in site ? { unwatched: site.obstacle } : {}) };
}

/** A package has the units from the first day on, and `install` the link that enables each. */
function unitSign(root: string, unit: string): string {
  const link = enablingLinks(UNIT_FOLDER).find(({ path: place }) => place.endsWith(`/${unit}`))?.path;
  return packagingOf(root) === "none" || link === undefined ? `${UNIT_FOLDER}/${unit}` : link;
}

function watchers(installed: readonly string[]): SetupFacts["watchers"] {
  const shown = showUnits(installed, ASKED_OF_UNITS);
  if (shown.outcome !== "done") {
    return { unseen: `systemd cannot be asked: ${shown.reason}`, rootWould: process.geteuid?.() !== 0 };
  }
  const states = new Map(present(fromShow(shown.output)).map(({ id, activeState }) => [id, activeState]));
  return installed.map((unit) => ({ unit, activeState: states.get(unit) ?? "not loaded" }));
}

function installedManager(root: string): Seen<string | undefined> {
  const file = `${MANAGER_FOLDER}/${MARK}`;
  const read = readUnder(root, file, LIMIT);
  if (isFault(read)) return read.kind === "missing" ? undefined : unseen(file, read);
  return isManagerMark(read.bytes) ? versionIn(read.bytes) : undefined;
}

/** The version that a package.json tells. */
function versionIn(bytes: Uint8Array): string | undefined {
  try {
    const { version } = JSON.parse(Buffer.from(bytes).toString("utf8")) as { readonly version?: unknown };
    return typeof version === "string" ? version : undefined;
  } catch {
    return undefined;
  }
}
