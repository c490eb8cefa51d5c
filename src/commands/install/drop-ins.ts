// `--unit`: the drop-ins of single services, whether they reach them, and what systemd is told about them.
import type { Spec } from "../../core/install/specs.ts";
import { preloads } from "../../core/systemd/drop-in.ts";
import type { ShimKind } from "../../core/systemd/drop-in-wanted.ts";
import { PRELOAD_VARIABLE } from "../../core/systemd/environment.ts";
import { fromFiles } from "../../core/systemd/from-files.ts";
import { preloadOf } from "../../core/systemd/unit.ts";
import { dropInObstacles } from "../../observe/units/read-obstacles.ts";
import { readUnitTexts } from "../../observe/units/read-unit-texts.ts";
import type { Message } from "../../report/types.ts";
import { AppError } from "../../system/app-error.ts";
import type { Journal } from "../../system/files/apply.ts";
import { daemonReload, restart, systemdRuns } from "../../system/host/systemd.ts";
import { OUR_LIBRARIES } from "../../system/paths.ts";
import type { Options } from "../types.ts";
import { givenBy, sharedServices, withoutShare, withoutShim, withShim } from "./drop-in-spec.ts";
import { expectDone } from "./expect-done.ts";
import { coverNotes, releaseNotes, restartRunning } from "./running-units.ts";
import { findService, type Service } from "./services.ts";

/** What `--unit` asks for: nothing without it. */
export interface UnitWork {
  readonly specs: readonly Spec[];
  /** Canonical names. */
  readonly names: readonly string[];
  readonly notes: readonly Message[];
  /** Why nothing is written. */
  readonly refusals: readonly Message[];
  /** Before the drop-ins change. */
  readonly before: (journal: Journal) => void;
  /** After they have changed. Gives what to tell about each service. Throws AppError. */
  readonly after: (changed: boolean) => readonly Message[];
}

/** Drop-ins that are to be written. Throws AppError for a name that is none, and where systemd cannot be asked. */
export function dropInsToPut(options: Options): UnitWork {
  const services = options.units.map((name) => findService(options.root, name));
  const missing = services.filter((service) => "message" in service);
  const found = eachOnce(services.filter((service) => "unit" in service));
  const kind = options.highPorts ? "high" : "shim";
  const obstacles = found.flatMap((service) => obstaclesOf(options.root, service, kind));
  return {
    specs: found.map((service) => withShim(options.root, service, kind)),
    names: found.map(({ unit }) => unit),
    notes: obstacles.filter(({ severity }) => severity !== "error"),
    refusals: [...missing, ...obstacles.filter(({ severity }) => severity === "error")],
    ...systemdSteps(options, found, kind),
  };
}

/**
 * Drop-ins that are to go, or to be left with the share library alone; one whose unit has gone goes too. Without --unit no
 * port is held any more, so it is the share library that goes.
 */
export function dropInsToTake(options: Options): UnitWork {
  const shared =
    options.units.length > 0
      ? []
      : sharedServices(options.root).map(({ service }) => withoutShare(options.root, service));
  const found = options.units.map((name) => findService(options.root, name, "or its drop-in"));
  const services = eachOnce(found.filter((service) => "unit" in service));
  const had = new Map(services.map(({ unit }) => [unit, givenBy(options.root, unit).shim]));
  return {
    specs: [...services.map((service) => withoutShim(options.root, service)), ...shared],
    names: services.map(({ unit }) => unit),
    notes: [],
    refusals: found.filter((service) => "message" in service),
    ...systemdSteps(options, services, had, shared.length > 0),
  };
}

/** Several names may be those of one unit: aliases, and with or without its suffix. */
function eachOnce(services: readonly Service[]): readonly Service[] {
  return services.filter(({ unit }, at) => services.findIndex((other) => other.unit === unit) === at);
}

function obstaclesOf(root: string, { unit, files }: Service, kind: ShimKind): readonly Message[] {
  return dropInObstacles(root, unit, files, kind).map(({ severity, message, hint }) => ({ severity, message, hint }));
}

/** `wanted`: what the services are covered by from then on, or what each had that is released. */
function systemdSteps(
  { root, now }: Options,
  services: readonly Service[],
  wanted: ShimKind | ReadonlyMap<string, ShimKind | undefined>,
  others = false,
): Pick<UnitWork, "before" | "after"> {
  const running = (services.length > 0 || others) && systemdRuns(root);
  const restarted: string[] = [];
  return {
    before: (journal) => {
      if (!running) return;
      // The last to be taken back: by then the files are as they were, and systemd knows it.
      journal.undo("not every service was restarted as it was", () => {
        for (const unit of restarted) expectDone(restart(unit));
      });
      journal.undo("systemd still knows the drop-ins", () => expectDone(daemonReload()));
    },
    after: (changed) => {
      if (!running) return [];
      if (changed) expectDone(daemonReload());
      if (typeof wanted === "string") for (const { unit } of services) expectInForce(root, unit, OUR_LIBRARIES[wanted]);
      return services.flatMap(({ unit }) => {
        const before = now ? restartRunning(unit, (name) => restarted.push(name)) : undefined;
        if (typeof wanted === "string") return coverNotes(unit, before, wanted);
        return releaseNotes(unit, before, wanted.get(unit) ?? "shim");
      });
    },
  };
}

/** Reads back what systemd made of the drop-in that is to give `library`. Throws AppError. */
export function expectInForce(root: string, unit: string, library: string): void {
  const service = findService(root, unit);
  if (!("unit" in service)) return;
  const files = readUnitTexts(root, service.paths);
  const value = preloadOf(fromFiles(unit, files)) ?? "";
  if (preloads(value, library)) return;
  throw new AppError(
    "incomplete",
    `systemd gives '${unit}' ${value === "" ? `no ${PRELOAD_VARIABLE}` : `${PRELOAD_VARIABLE}=${value}`} in spite of the drop-in`,
    `see 'systemctl cat ${unit}'`,
  );
}
