// `--unit`: the drop-ins of single services, whether they reach them, and what systemd is told about them.
import { type Spec, textSpec } from "../../core/install/specs.ts";
import { dropInPath, dropInText, isOurDropIn, preloads, withoutShim } from "../../core/systemd/drop-in.ts";
import { findEntry, PRELOAD_VARIABLE, parseManagerEnvironment } from "../../core/systemd/environment.ts";
import { fromFiles } from "../../core/systemd/from-files.ts";
import { preloadOf } from "../../core/systemd/unit.ts";
import { dropInObstacles } from "../../observe/units/read-obstacles.ts";
import { hasMapped, readUnitTexts, soonHasMapped } from "../../observe/units/read-unit-texts.ts";
import type { Message } from "../../report/types.ts";
import { AppError } from "../../system/app-error.ts";
import type { Journal } from "../../system/files/apply.ts";
import { daemonReload, restart, showManagerEnvironment, systemdRuns, tryRestart } from "../../system/host/systemd.ts";
import { INSTALLED_SHIM, SHIM_FILE, UNIT_FOLDER } from "../../system/paths.ts";
import type { Options } from "../types.ts";
import { expectDone } from "./expect-done.ts";
import { findService, type Service, stateOf } from "./services.ts";

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
  const obstacles = found.flatMap((service) => obstaclesOf(options.root, service));
  return {
    specs: found.map((service) => specFor(options.root, service)),
    names: found.map(({ unit }) => unit),
    notes: obstacles.filter(({ severity }) => severity !== "error"),
    refusals: [...missing, ...obstacles.filter(({ severity }) => severity === "error")],
    ...systemdSteps(options, found, "covered"),
  };
}

/** Drop-ins that are to go; one whose unit has gone goes too. */
export function dropInsToTake(options: Options): UnitWork {
  const found = options.units.map((name) => findService(options.root, name, "or its drop-in"));
  const services = eachOnce(found.filter((service) => "unit" in service));
  return {
    specs: services.map((service) => specFor(options.root, service)),
    names: services.map(({ unit }) => unit),
    notes: [],
    refusals: found.filter((service) => "message" in service),
    ...systemdSteps(options, services, "released"),
  };
}

/** Several names may be those of one unit: aliases, and with or without its suffix. */
function eachOnce(services: readonly Service[]): readonly Service[] {
  return services.filter(({ unit }, at) => services.findIndex((other) => other.unit === unit) === at);
}

/** Its libraries without ours, as the unit's files say them; those that systemd itself gives to all where they say nothing. */
function specFor(root: string, { unit, files }: Service): Spec {
  const path = `${UNIT_FOLDER}/${dropInPath(unit)}`;
  const others = files.filter((file) => file.path !== path || !isOurDropIn(file.text));
  const own = findEntry(fromFiles(unit, others).environment, PRELOAD_VARIABLE);
  const preload = withoutShim(own ?? fromManager(root), INSTALLED_SHIM);
  const text = dropInText({ preload, shim: INSTALLED_SHIM });
  return textSpec(path, text, isOurDropIn, [`${UNIT_FOLDER}/${unit}.d`, UNIT_FOLDER]);
}

function fromManager(root: string): ReturnType<typeof findEntry> {
  if (!systemdRuns(root)) return undefined;
  const shown = showManagerEnvironment();
  return shown.outcome === "done" ? findEntry(parseManagerEnvironment(shown.output), PRELOAD_VARIABLE) : undefined;
}

function obstaclesOf(root: string, { unit, files }: Service): readonly Message[] {
  return dropInObstacles(root, unit, files).map(({ severity, message, hint }) => ({ severity, message, hint }));
}

function systemdSteps(
  { root, now }: Options,
  services: readonly Service[],
  wanted: "covered" | "released",
): Pick<UnitWork, "before" | "after"> {
  const running = services.length > 0 && systemdRuns(root);
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
      if (wanted === "covered") for (const { unit } of services) expectInForce(root, unit);
      return services.map(({ unit }) => {
        if (now && stateOf(unit)?.mainPid !== undefined) {
          restarted.push(unit);
          expectDone(tryRestart(unit));
        }
        return wanted === "covered" ? coverNote(unit, now) : releaseNote(unit, now);
      });
    },
  };
}

/** Reads back what systemd made of the drop-in. Throws AppError. */
function expectInForce(root: string, unit: string): void {
  const service = findService(root, unit);
  if (!("unit" in service)) return;
  const files = readUnitTexts(root, service.paths);
  const value = preloadOf(fromFiles(unit, files)) ?? "";
  if (preloads(value, INSTALLED_SHIM)) return;
  throw new AppError(
    "incomplete",
    `systemd gives '${unit}' ${value === "" ? `no ${PRELOAD_VARIABLE}` : `${PRELOAD_VARIABLE}=${value}`} in spite of the drop-in`,
    `see 'systemctl cat ${unit}'`,
  );
}

function coverNote(unit: string, now: boolean): Message {
  const pid = stateOf(unit)?.mainPid;
  const mapped = pid === undefined ? undefined : (now ? soonHasMapped : hasMapped)(pid, SHIM_FILE);
  if (mapped === true) return { severity: "note", message: `'${unit}' is covered: its process ${pid} has the shim` };
  if (pid === undefined) return { severity: "note", message: `'${unit}' is not running; it is covered when it starts` };
  if (now) {
    const hint = "a wrapper may empty the environment: see 'systemctl cat', and cover it with the preload list instead";
    return {
      severity: "warning",
      message: `'${unit}' was restarted, and its process ${pid} does not have the shim`,
      hint,
    };
  }
  const hint = `'systemctl restart ${unit}', or run it again with --now`;
  return { severity: "note", message: `'${unit}' runs without the shim until it is restarted`, hint };
}

function releaseNote(unit: string, now: boolean): Message {
  const pid = stateOf(unit)?.mainPid;
  const still = pid !== undefined && !now;
  return {
    severity: "note",
    message: still ? `'${unit}' keeps the shim until it is restarted` : `'${unit}' is no longer covered by a drop-in`,
  };
}
