// The checks of a program that does not run now: what would keep the shim from it, if it was started.

import { isUnseen } from "../core/seen.ts";
import { deniedAccess } from "./apparmor-verdict.ts";
import { asRoot, type Check, covered, type Decision, is, notCovered, unknown, unseen } from "./checks.ts";
import { installHint } from "./commands.ts";
import type { ProgramFacts, UnitFacts } from "./facts.ts";
import { type Host, listNamesShim } from "./host.ts";
import { fileName } from "./names.ts";
import { isMusl, lacksLibrary, MUSL, MUSL_HINT } from "./not-loaded.ts";
import { inForce, parseMarker, STATIC_HINT, TABLE_VERSION } from "./process-checks.ts";
import { beyondPreload, isIndeterminate, type ProgramImage, unreadable } from "./program-image.ts";

export interface Startable {
  readonly facts: ProgramFacts;
  readonly image: ProgramImage;
  readonly unit: UnitFacts | undefined;
}

export const PROGRAM_CHECKS: readonly Check<Startable>[] = [
  { id: "root", question: "would it be started in this root?", assess: root, ends: true },
  { id: "dynamic", question: "does it have a loader, which could preload a library?", assess: dynamic, ends: true },
  {
    id: "reachable",
    question: "does it allocate by functions that a preloaded library can replace?",
    assess: reachable,
  },
  { id: "readable", question: "can all the files that it is made of be read?", assess: readable },
  { id: "installed", question: "would it be started with the shim?", assess: installed },
  { id: "library", question: "does its shim know the table's version?", assess: library },
  { id: "in-force", question: "is there a table in force?", assess: inForce },
  { id: "confined", question: "would AppArmor let it have the shim and the table?", assess: confined },
  { id: "files", question: "would it find the shim and the table?", assess: files },
  { id: "order", question: "would the shim come before all other libraries?", assess: order },
  { id: "covered", question: "is nothing against it?", assess: () => covered("when it starts") },
];

const LOOK_AGAIN = "start it, and look again";

/** Which program that is, and what would be loaded into it, is not what was looked at. */
function root({ facts, unit }: Startable): Decision | undefined {
  const setting = facts.privileged ? undefined : unit?.otherRoot;
  return setting === undefined ? undefined : unknown(`would be started in another root (${setting})`, LOOK_AGAIN);
}

function files({ facts, unit }: Startable): Decision | undefined {
  const setting = facts.privileged ? undefined : unit?.hides;
  return setting === undefined
    ? undefined
    : unknown(`would find other files than this host's (${setting})`, LOOK_AGAIN);
}

function confined({ facts, image, unit }: Startable, host: Host): Decision | undefined {
  const byDropIn = !facts.privileged && unit?.hasDropIn === true;
  const list = listNamesShim(host.facts);
  if (!list && !byDropIn) return undefined;
  const library = host.facts.setup.libraries.find(({ abi }) => abi === image.program?.abi)?.path;
  return deniedAccess(facts.denied, { list: list && !byDropIn, library, table: true });
}

/** One of them may define an allocator, which then is the one that is called. */
function order({ facts, unit }: Startable): Decision | undefined {
  const value = facts.privileged ? undefined : unit?.preloadsFirst;
  return value === undefined
    ? undefined
    : unknown(`would get other libraries before the shim (LD_PRELOAD=${value})`, LOOK_AGAIN);
}

function dynamic({ image }: Startable): Decision | undefined {
  if (image.program?.isStatic !== true) return undefined;
  if (isIndeterminate(image)) return unknown("static, and without a symbol table", STATIC_HINT);
  return notCovered("static, and no library can be preloaded", STATIC_HINT);
}

function reachable({ image }: Startable): Decision | undefined {
  const beyond = beyondPreload(image);
  return beyond && notCovered(beyond.reason, beyond.hint);
}

function readable({ image }: Startable): Decision | undefined {
  const hole = unreadable(image.parts);
  if (hole !== undefined) return unseen(`its '${fileName(hole.path)}'`, hole.why);
  return image.program === undefined ? unknown("what its program is cannot be seen") : undefined;
}

function installed({ facts, image, unit }: Startable, host: Host): Decision | undefined {
  const dropIn = !facts.privileged && unit?.hasDropIn === true;
  const { list } = host.facts.setup;
  if (isMusl(image.program)) return notCovered(MUSL, MUSL_HINT);
  const lacks = lacksLibrary(image.program, listNamesShim(host.facts) || dropIn, host);
  if (lacks !== undefined) return lacks;
  if (listNamesShim(host.facts)) return undefined;
  if (dropIn) return obstructed(unit);
  if (isUnseen(list)) return unknown(`the preload list cannot be seen: ${list.unseen}`, asRoot(list));
  if (facts.privileged) return notCovered("not installed for it", "portreservectl install");
  const { units } = host.facts;
  if (isUnseen(units)) return unseen("its unit", units);
  return notCovered("not installed for it", installHint(facts.unit, host));
}

function obstructed({ dropInObstacle: obstacle }: UnitFacts): Decision | undefined {
  if (obstacle === undefined) return undefined;
  return (obstacle.certain ? notCovered : unknown)(obstacle.reason, obstacle.hint);
}

function library({ image }: Startable, { facts }: Host): Decision | undefined {
  const found = facts.setup.libraries.find(({ abi }) => abi === image.program?.abi);
  if (found === undefined) return undefined;
  if (isUnseen(found.state)) return unseen("the library that it would get", found.state);
  if (found.state === "current" || is(found.state, "missing") || found.state === "no package") return undefined;
  const marker = parseMarker(found.marker);
  if (marker === undefined)
    return unknown("which version its library would be cannot be seen", "portreservectl install");
  if (marker.table === TABLE_VERSION) return undefined;
  return notCovered(`its library (${marker.version}) does not know the table's version`, "portreservectl install");
}
