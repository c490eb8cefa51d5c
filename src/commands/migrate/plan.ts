// What migrate has to do, from what was found of the old daemon: pure.
import { stoppedLink } from "../../core/old-daemon.ts";
import { SERVICE_UNIT } from "../../core/systemd/unit-texts.ts";
import { compareText, fileName, unique } from "../../core/text.ts";
import type { OldDaemon, OldProcess } from "../../observe/old-daemon/read-old-daemon.ts";

/** One step. `run`: our own unit, which cannot run while systemd takes the daemon for it. */
export type Step =
  | { readonly kind: "mask" | "disable" | "stop" | "run"; readonly unit: string }
  | { readonly kind: "end"; readonly process: OldProcess }
  | { readonly kind: "rename"; readonly from: string; readonly to: string };

/** What systemd says of a unit. */
export interface UnitState {
  /** As 'systemctl is-enabled' has it; empty for one without a file. */
  readonly fileState: string;
  readonly activeState: string;
  /** The main process of its last run, 0 where there was none. */
  readonly mainPid: number;
}

export interface FoundDaemon {
  readonly daemon: OldDaemon;
  /** Undefined where systemd does not run. By unit name: of each in `daemon.units`, and of `SERVICE_UNIT`. */
  readonly states: ReadonlyMap<string, UnitState> | undefined;
  /** Whether the unit that systemd knows as `SERVICE_UNIT` is ours, which then stands in front of the daemon's. */
  readonly ours: boolean;
  /** The administrator's folder of units: what is there cannot be masked. */
  readonly unitFolder: string;
}

/** None of its parts is here; whoever still calls portrelease has nobody to ask, and is no part. */
export function isNothing({ programs, scripts, links, units, processes }: OldDaemon): boolean {
  return [programs, scripts, links, units, processes].every((parts) => parts.length === 0);
}

/** In the order in which they are taken: nothing starts it again, then it ends, then what was waiting runs. */
export function planMigration(found: FoundDaemon): readonly Step[] {
  const { daemon, states, ours } = found;
  const stops = unique(
    daemon.processes.flatMap(({ unit }) => (unit !== undefined && isTheirs(unit, found) ? [unit] : [])),
  );
  const left = daemon.processes.filter(({ unit }) => unit === undefined || !stops.includes(unit));
  return [
    ...(states === undefined ? [] : theirUnits(found).flatMap((unit) => keptFromStarting(unit, found))),
    ...(states !== undefined && ours ? [] : daemon.links.map(renamed)),
    ...stops.map((unit): Step => ({ kind: "stop", unit })),
    ...left.map((process): Step => ({ kind: "end", process })),
    ...(ours && isTakenForOurs(found) ? [{ kind: "run", unit: SERVICE_UNIT } as const] : []),
  ];
}

/** Whether any of these steps frees ports that the daemon holds. */
export function endsDaemon(steps: readonly Step[]): boolean {
  return steps.some(({ kind }) => kind === "stop" || kind === "end");
}

function renamed(from: string): Step {
  const name = fileName(from);
  return { kind: "rename", from, to: from.slice(0, -name.length) + (stoppedLink(name) ?? name) };
}

/** The units of the daemon that systemd would start by its file, without the one that ours hides. */
function theirUnits({ daemon, ours }: FoundDaemon): readonly string[] {
  return unique(daemon.units.map(fileName))
    .filter((unit) => unit !== SERVICE_UNIT || !ours)
    .sort(compareText);
}

/** A unit whose stop ends the daemon, and nothing of ours: also the one that systemd has made from the script. */
function isTheirs(unit: string, found: FoundDaemon): boolean {
  if (found.states === undefined) return false;
  return theirUnits(found).includes(unit) || (unit === SERVICE_UNIT && !found.ours);
}

/** Our unit has the name of the daemon's, so that one is not masked, whatever it is. */
function keptFromStarting(unit: string, { daemon, states, unitFolder }: FoundDaemon): readonly Step[] {
  const state = states?.get(unit)?.fileState ?? "";
  if (state.startsWith("masked")) return [];
  const isOwn = daemon.units.some((file) => file === `${unitFolder}/${unit}`);
  if (!isOwn && unit !== SERVICE_UNIT) return [{ kind: "mask", unit }];
  return state.startsWith("enabled") ? [{ kind: "disable", unit }] : [];
}

/** It is active by a program that ours did not start. */
function isTakenForOurs({ daemon, states }: FoundDaemon): boolean {
  const state = states?.get(SERVICE_UNIT);
  if (state === undefined) return false;
  if (daemon.processes.some(({ unit }) => unit === SERVICE_UNIT)) return true;
  return state.activeState === "active" && state.mainPid === 0;
}
