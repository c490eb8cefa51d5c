// hold --share and unhold: which drop-ins get the share library, or no longer need it, and why one cannot. Changes nothing.

import type { HeldPort } from "../../core/hold/held-ports.ts";
import { placeText } from "../../core/hold/port-lines.ts";
import { type Artefact, changesToPut, changesToTakeAway } from "../../core/install/artefacts.ts";
import type { Change } from "../../core/install/change.ts";
import { dropInObstacles } from "../../observe/units/read-obstacles.ts";
import type { Message } from "../../report/types.ts";
import { commandLine } from "../../system/command-text.ts";
import { isFolder, lstatEntry, namesIn } from "../../system/files/entry.ts";
import { libsWithShim, shareFile } from "../../system/host/abis.ts";
import type { Answer } from "../hold/answers.ts";
import { artefactOf } from "../install/artefact-of.ts";
import { givenBy, sharedServices, withoutShare, withShare } from "../install/drop-in-spec.ts";
import { refusal, refusalsToPut } from "../install/refusals.ts";
import { findService, type Service } from "../install/services.ts";
import type { Options } from "../types.ts";
import { shareAnswers } from "./answers.ts";

/** What becomes of drop-ins, in order. */
export interface DropInPlan {
  /** The units' own names. */
  readonly units: readonly string[];
  /** Where drop-ins are, or will be. */
  readonly places: readonly string[];
  readonly changes: readonly Change[];
}

export interface SharePlan extends DropInPlan {
  /** As they are once the library is there. */
  readonly answers: readonly Answer[];
  /** Ports by the name of the unit: "631/udp". */
  readonly wanted: ReadonlyMap<string, readonly string[]>;
  readonly notes: readonly Message[];
  /** Why nothing is written. */
  readonly refusals: readonly Message[];
}

/** Throws AppError for a name of --unit that is none, and where systemd cannot be asked. */
export function planShare({ root, units }: Pick<Options, "root" | "units">, answers: readonly Answer[]): SharePlan {
  const named = units.map((name) => findService(root, name));
  const missing = named.filter((service) => "message" in service);
  const known = named.filter((service) => "unit" in service);
  const { wanted, ...changed } = shareAnswers(
    answers,
    known.map(({ unit }) => unit),
  );
  const found = [...wanted.keys()].map((unit) => known.find((one) => one.unit === unit) ?? findService(root, unit));
  const services = found.filter((service) => "unit" in service);
  const artefacts = services.map((service) => artefactFor(root, service, wanted.get(service.unit) ?? []));
  const obstacles = services.flatMap((service) => obstaclesOf(root, service));
  const refusals = [
    ...(services.length > 0 && !isInstalled(root) ? [notInstalled(root)] : []),
    ...[...missing, ...found.filter((service) => "message" in service)],
    ...obstacles.filter(({ severity }) => severity === "error"),
    ...refusalsToPut(root, artefacts),
  ];
  return {
    ...changed,
    wanted,
    units: services.map(({ unit }) => unit),
    places: artefacts.map(({ path }) => path),
    changes: artefacts.flatMap((artefact) => changesToPut(artefact, (folder) => isFolder(root, folder))),
    notes: obstacles.filter(({ severity }) => severity !== "error"),
    refusals,
  };
}

/** `held`: what is held from then on. A drop-in that does not say for which port it is goes with the last one of all. */
export function planUnshare(root: string, held: readonly HeldPort[]): DropInPlan {
  const still = new Set(held.filter(({ kind }) => kind === "hold").map(placeText));
  const going = sharedServices(root).filter(({ ports }) =>
    ports.length === 0 ? still.size === 0 : !ports.some((port) => still.has(port)),
  );
  const artefacts = going.map(({ service }) => artefactOf(root, withoutShare(root, service)));
  return {
    units: going.map(({ service }) => service.unit),
    places: artefacts.map(({ path }) => path),
    changes: artefacts.flatMap((artefact) => [...changesToTakeAway(artefact), ...emptied(root, artefact)]),
  };
}

/** Its own folder, where nothing else is in it. */
function emptied(root: string, { path, folders, left, ours }: Artefact): readonly Change[] {
  const [folder] = folders;
  if (!ours || left !== undefined || folder === undefined || !isFolder(root, folder)) return [];
  const others = namesIn(root, folder).filter((name) => `${folder}/${name}` !== path);
  return others.length > 0 ? [] : [{ kind: "remove-folder", path: folder }];
}

/** For its ports and those that it has the library for already. */
function artefactFor(root: string, service: Service, ports: readonly string[]): Artefact {
  const all = new Set([...(givenBy(root, service.unit).share ?? []), ...ports]);
  const sorted = [...all].sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10) || (a < b ? -1 : 1));
  return artefactOf(root, withShare(root, service, sorted));
}

function obstaclesOf(root: string, { unit, files }: Service): readonly Message[] {
  const found = dropInObstacles(root, unit, files, "share");
  return found.map(({ severity, message, hint }) => ({ severity, message, hint }));
}

function isInstalled(root: string): boolean {
  return libsWithShim(root).some((lib) => lstatEntry(root, shareFile(lib)).kind === "file");
}

function notInstalled(root: string): Message {
  return refusal("the share library is not installed", `run 'sudo ${commandLine(root, "install")}' first`);
}
