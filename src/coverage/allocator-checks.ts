// The one table of checks: what can be known to keep the shim or its table from an allocator that runs, or would run.
import { isUnseen } from "../core/seen.ts";
import { deniedAccess } from "./apparmor-verdict.ts";
import { AS_ROOT, asRoot } from "./as-root.ts";
import { type Check, covered, type Decision, is, notCovered, unknown, unseen } from "./checks.ts";
import { installHint, restartHint, serviceWord } from "./commands.ts";
import type { Binding } from "./facts.ts";
import { firstShim, hasHighPorts, highEnough } from "./high-ports.ts";
import { type Host, libraryFor, listNamesShim } from "./host.ts";
import { standsFirst, wouldStandFirst } from "./lookup-order.ts";
import { parseMarker, readMarker, TABLE_VERSION } from "./marker.ts";
import { shownFileName } from "./names.ts";
import {
  closedPlaceFor,
  isMusl,
  lacksLibrary,
  MUSL,
  MUSL_HINT,
  mayNotRun,
  openHint,
  whyNotLoaded,
} from "./not-loaded.ts";
import { beyondPreload, isIndeterminate, unreadable } from "./program-image.ts";
import { isRunning, isStartable, type Running, type Startable, type Subject } from "./running.ts";
import { tableFound } from "./table-found.ts";
import { comesFirst, findsFiles, findsList, hasOwnRoot, obstructed, powerless, staleDropIn } from "./unit-checks.ts";
import type { UnitFacts } from "./unit-facts.ts";

type Assess<S> = (subject: S, host: Host) => Decision | undefined;

/** For a process: nothing to say of a program that does not run. */
const running =
  (assess: Assess<Running>): Assess<Subject> =>
  (subject, host) =>
    isRunning(subject) ? assess(subject, host) : undefined;

/** For a program that would be started: nothing to say of a process. */
const startable =
  (assess: Assess<Startable>): Assess<Subject> =>
  (subject, host) =>
    isStartable(subject) ? assess(subject, host) : undefined;

export const CHECKS: readonly Check<Subject>[] = [
  { id: "powerless", question: "could it take a privileged port?", assess: startable(powerless), ends: true },
  { id: "root", question: "would it be started in this root?", assess: startable(hasOwnRoot), ends: true },
  { id: "dynamic", question: "does it have a loader, which could preload a library?", assess: dynamic, ends: true },
  {
    id: "reachable",
    question: "does it allocate by functions that a preloaded library can replace?",
    assess: reachable,
  },
  { id: "readable", question: "can all the files that it runs code from be read?", assess: readable },
  { id: "loaded", question: "does it have the shim?", assess: running(loaded) },
  { id: "installed", question: "would it be started with the shim?", assess: startable(installed) },
  { id: "library", question: "does its shim know the table's version?", assess: running(mappedLibrary) },
  { id: "library", question: "does the shim that it would get know the table's version?", assess: startable(library) },
  { id: "order", question: "is the shim asked before all other libraries?", assess: running(standsFirst) },
  { id: "bindings", question: "do the calls of what it loaded later lead to the shim?", assess: running(bindings) },
  { id: "high-ports", question: "does the kernel choose ports above 1023?", assess: highEnough },
  { id: "table", question: "does it look into the host's table?", assess: running(table) },
  { id: "in-force", question: "is there a table in force?", assess: inForce },
  { id: "confined", question: "would AppArmor let it have the shim and the table?", assess: startable(confined) },
  { id: "usable", question: "may whoever it runs as use the list and the shim?", assess: startable(usable) },
  { id: "files", question: "would it find the shim and the table?", assess: startable(findsFiles) },
  { id: "list", question: "would it find the preload list?", assess: startable(findsList) },
  { id: "runnable", question: "may it run the shim's code?", assess: startable(mayNotRun) },
  { id: "drop-in", question: "does its drop-in preload what its unit says?", assess: staleDropIn },
  { id: "order", question: "would the shim come before all other libraries?", assess: startable(comesFirst) },
  { id: "order", question: "would the shim come before the rest of the list?", assess: startable(wouldStandFirst) },
  { id: "covered", question: "is it covered by the library that is installed now?", assess: running(bySome) },
  { id: "covered", question: "is nothing against it?", assess: startable(whenStarted) },
];

const STATIC_HINT = "use a dynamically linked build, or keep it from the ports by its own settings";

function dynamic({ image, unit }: Subject): Decision | undefined {
  if (image.program?.isGo === true && isIndeterminate(image)) {
    return unknown("in Go, with a bind() of its own, which no preload reaches", rightHint(unit));
  }
  if (image.program?.isStatic !== true) return undefined;
  if (isIndeterminate(image)) return unknown("static, and without a symbol table", STATIC_HINT);
  return notCovered("static, and no library can be preloaded", STATIC_HINT);
}

/** Most of these need no privileged port. */
function rightHint(unit: UnitFacts | undefined): string {
  const word = serviceWord(unit?.id);
  const how = word === undefined ? "without CAP_NET_BIND_SERVICE" : `with CapabilityBoundingSet=~CAP_NET_BIND_SERVICE`;
  const where = word === undefined ? "" : ` ('systemctl edit ${word}')`;
  return `if it needs no privileged port, run it ${how}${where}`;
}

function reachable({ image }: Subject): Decision | undefined {
  const beyond = beyondPreload(image);
  return beyond && notCovered(beyond.reason, beyond.hint);
}

function readable({ image, process }: Subject): Decision | undefined {
  const hole = unreadable(image.parts);
  if (hole !== undefined) return unseen(`its '${shownFileName(hole.path)}'`, hole.why);
  return process === undefined && image.program === undefined
    ? unknown("what its program is cannot be seen")
    : undefined;
}

function loaded(running: Running, host: Host): Decision | undefined {
  const { shims, parts } = running.image;
  // What could not be read may be the shim.
  if (shims.length > 0 || unreadable(parts) !== undefined) return undefined;
  return whyNotLoaded(running, host);
}

function installed({ program, image, unit }: Startable, host: Host): Decision | undefined {
  const dropIn = unit?.hasDropIn === true;
  const { list } = host.facts.setup;
  if (isMusl(image.program)) return notCovered(MUSL, MUSL_HINT);
  const lacks = lacksLibrary({ image, unit }, listNamesShim(host.facts) || dropIn, host);
  if (lacks !== undefined) return lacks;
  if (listNamesShim(host.facts)) return undefined;
  if (unit?.hasDropIn === true) return obstructed(unit);
  if (isUnseen(list)) return unknown(`the preload list cannot be seen: ${list.unseen}`, asRoot(list));
  if (program.privileged) return notCovered("not installed for it", "portreservectl install");
  const { units } = host.facts;
  if (isUnseen(units)) return unseen("its unit", units);
  return notCovered("not installed for it", installHint(program.unit, host));
}

function mappedLibrary({ process, image, ...rest }: Running, host: Host): Decision | undefined {
  const first = firstShim({ process, image, ...rest });
  for (const shim of first === undefined ? image.shims : [first]) {
    const marker = readMarker(shim, host);
    if (marker === undefined) return unknown("which version its library is cannot be seen", AS_ROOT);
    if (marker.table === TABLE_VERSION || marker.table === "none") continue;
    return notCovered(`its library (${marker.version}) does not know the table's version`, restartHint(process));
  }
  return undefined;
}

function library({ image, unit }: Startable, { facts }: Host): Decision | undefined {
  const found = libraryFor(image.program, facts, unit);
  if (found === undefined) return undefined;
  if (isUnseen(found.state)) return unseen("the library that it would get", found.state);
  if (found.state === "current" || is(found.state, "missing") || found.state === "no package") return undefined;
  const marker = parseMarker(found.marker);
  if (marker === undefined)
    return unknown("which version its library would be cannot be seen", "portreservectl install");
  if (marker.table === TABLE_VERSION || (marker.table === "none" && found.isHigh === true)) return undefined;
  return notCovered(`its library (${marker.version}) does not know the table's version`, "portreservectl install");
}

function bindings({ process }: Running, { facts }: Host): Decision | undefined {
  if (isUnseen(process.bindings)) return unseen("where its calls lead", process.bindings);
  const name = ({ object }: Binding): string =>
    shownFileName((Object.hasOwn(facts.objects, object) ? facts.objects[object]?.path : undefined) ?? object);
  const bypassing = process.bindings.find(({ leadsTo }) => is(leadsTo, "other"));
  if (bypassing !== undefined) {
    return notCovered(
      `its '${name(bypassing)}' was loaded past the shim (RTLD_DEEPBIND, dlmopen or LD_PRELOAD)`,
      "have it loaded without RTLD_DEEPBIND, dlmopen and LD_PRELOAD",
    );
  }
  for (const binding of process.bindings) {
    const { leadsTo } = binding;
    if (isUnseen(leadsTo)) return unseen(`where the calls of its '${name(binding)}' lead`, leadsTo);
    if (leadsTo === "shim") continue;
    return unknown(
      `its '${name(binding)}' was loaded at run time, and has not allocated yet`,
      "look again after it has, or start it with LD_BIND_NOW=1",
    );
  }
  return undefined;
}

/** The twin looks into none. */
function table(subject: Running, host: Host): Decision | undefined {
  return hasHighPorts(subject, host) ? undefined : tableFound(subject, host);
}

function inForce(subject: Subject, host: Host): Decision | undefined {
  if (host.tableInForce || hasHighPorts(subject, host)) return undefined;
  const { state } = host.facts.setup.table;
  return notCovered("there is no table in force", state === "foreign" ? undefined : "portreservectl compile");
}

function confined(subject: Startable, host: Host): Decision | undefined {
  const { program, image, unit } = subject;
  const byDropIn = unit?.hasDropIn === true;
  const list = listNamesShim(host.facts);
  if (!list && !byDropIn) return undefined;
  const library = libraryFor(image.program, host.facts, unit)?.path;
  return deniedAccess(program.denied, { list: list && !byDropIn, library, table: !hasHighPorts(subject, host) });
}

/** As whom it would run is not known. */
function usable({ image, unit }: Startable, host: Host): Decision | undefined {
  const place = closedPlaceFor({ image, unit }, host);
  return place && unknown(`only some users may use '${place.path}'`, openHint(place));
}

function whenStarted(subject: Startable, host: Host): Decision {
  return covered(hasHighPorts(subject, host) ? `when it starts, ${HIGH_PORTS}` : "when it starts");
}

const HIGH_PORTS = "with ports above 1023 alone";

function bySome(running: Running, host: Host): Decision | undefined {
  const { process, image, unit } = running;
  if (image.shims.length === 0) return undefined;
  const asItIs = hasHighPorts(running, host) ? covered(HIGH_PORTS) : covered();
  // A root of its own has a library of its own.
  if (is(process.root, "other")) return asItIs;
  if (!listNamesShim(host.facts) && (unit?.hasDropIn !== true || unit.dropInObstacle !== undefined)) {
    // Nothing that restarts it is a cure: it would lose what it has.
    return covered("now, but not after its next start", unit?.dropInObstacle?.hint ?? installHint(process.unit, host));
  }
  const old = image.shims.find(({ key }) => key === undefined || !host.libraries.has(key));
  if (old === undefined) return asItIs;
  const version = readMarker(old, host)?.version;
  if (version !== undefined && version === host.facts.setup.manager.own) {
    return covered(`by another copy of this version's library (${version})`);
  }
  return covered(`by an older library (${version ?? "unknown"}); restart to update`, restartHint(process));
}
