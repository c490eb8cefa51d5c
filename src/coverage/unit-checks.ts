// Questions about a program or process that the settings of its unit answer.
import { covered, type Decision, is, notCovered, unknown } from "./checks.ts";
import { unitHint } from "./commands.ts";
import type { Host } from "./host.ts";
import { unhideHint } from "./not-loaded.ts";
import { powerlessAs, type Startable, type Subject } from "./running.ts";
import type { UnitFacts } from "./unit-facts.ts";

const LOOK_AGAIN = "start it, and look again";

export function powerless({ unit, program }: Startable, { facts }: Host): Decision | undefined {
  const setting = powerlessAs(program.path, unit, facts);
  return setting === undefined ? undefined : covered(`could take no privileged port (${setting})`);
}

export function obstructed({ dropInObstacle: obstacle }: UnitFacts): Decision | undefined {
  if (obstacle === undefined) return undefined;
  return (obstacle.certain ? notCovered : unknown)(obstacle.reason, obstacle.hint);
}

export function findsFiles({ unit }: Startable): Decision | undefined {
  const setting = unit?.hides;
  return setting === undefined
    ? undefined
    : unknown(`would find other files than this host's (${setting})`, LOOK_AGAIN);
}

/** What a drop-in gives it does not come from the list. */
export function findsList({ unit }: Startable): Decision | undefined {
  if (unit?.hidesList === undefined) return undefined;
  if (unit.hasDropIn) return obstructed(unit);
  return unknown(`would find another preload list than this host's (${unit.hidesList})`, unhideHint(unit.id));
}

/** What it has, or would have, its unit does not say any more. */
export function staleDropIn({ unit, process, program }: Subject): Decision | undefined {
  if (unit?.dropInStale === undefined || program?.privileged === true) return undefined;
  return is(process?.root ?? "same", "other")
    ? undefined
    : unknown(unit.dropInStale, unitHint(unit.id, unit.highPorts));
}

/** One of them may define an allocator, which then is the one that is called. */
export function comesFirst({ unit }: Startable): Decision | undefined {
  const value = unit?.preloadsFirst;
  return value === undefined
    ? undefined
    : unknown(`would get other libraries before the shim (LD_PRELOAD=${value})`, LOOK_AGAIN);
}

/** Which program that is, and what would be loaded into it, is not what was looked at. */
export function hasOwnRoot({ unit }: Startable): Decision | undefined {
  const setting = unit?.otherRoot;
  return setting === undefined ? undefined : unknown(`would be started in another root (${setting})`, LOOK_AGAIN);
}
