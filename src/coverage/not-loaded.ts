// Why a process runs without the shim: every reason ends in "not covered", and each has another cure.

import { isUnseen } from "../core/seen.ts";
import { deniedAccess } from "./apparmor-verdict.ts";
import { asRoot } from "./as-root.ts";
import { type Decision, is, notCovered } from "./checks.ts";
import { installHint, restartHint, serviceWord, unitHint, unitWord } from "./commands.ts";
import type { ClosedPlace, ElfFacts, ProcessFacts } from "./facts.ts";
import { type Host, libraryFor, listNamesShim } from "./host.ts";
import { shownFileName } from "./names.ts";
import type { Running, Subject } from "./running.ts";
import type { UnitFacts } from "./unit-facts.ts";

type Reason = (running: Running, host: Host) => Decision | undefined;

/** In the order in which they are asked. */
const REASONS: readonly Reason[] = [
  elsewhere,
  musl,
  foreign,
  confined,
  mayNotRun,
  masked,
  closed,
  early,
  ignored,
  dropped,
  nowhere,
];

export function whyNotLoaded(running: Running, host: Host): Decision {
  for (const reason of REASONS) {
    const decision = reason(running, host);
    if (decision !== undefined) return decision;
  }
  return notCovered("the loader did not load the shim", "run its program by hand with LD_DEBUG=libs to see why");
}

/** A mount namespace of its own with the host's files in it is none: systemd gives one to many services. */
function isElsewhere({ root, mounts, table }: ProcessFacts, { facts }: Host): boolean {
  if (is(root, "other")) return true;
  const lacksTable = is(table, "none") && facts.setup.table.state !== "missing";
  return is(mounts, "other") && (is(table, "other") || lacksTable);
}

function elsewhere({ process }: Running, host: Host): Decision | undefined {
  if (!isElsewhere(process, host)) return undefined;
  return notCovered("in another root (container, chroot)", "install in that root too");
}

/** No libc but musl asks for this loader. */
export function isMusl(program: ElfFacts | undefined): boolean {
  return program?.interpreter !== undefined && shownFileName(program.interpreter).startsWith("ld-musl-");
}

export const MUSL = "musl, which does not read the preload list";
/** A drop-in does not help: musl takes the `$LIB` in it for a folder. */
export const MUSL_HINT = "use a build for glibc";

function musl({ image }: Running): Decision | undefined {
  if (!isMusl(image.program)) return undefined;
  return notCovered(MUSL, MUSL_HINT);
}

/** `installed`: something loads the shim, so that only the library can be at fault. */
export function lacksLibrary(
  { image: { program }, unit }: Pick<Subject, "image" | "unit">,
  installed: boolean,
  host: Host,
): Decision | undefined {
  if (program === undefined) return undefined;
  const library = libraryFor(program, host.facts, unit);
  if (library === undefined || is(library.state, "no package")) {
    return notCovered(`foreign ABI: no library for ${program.abi}`, "use a build for this host's own ABI");
  }
  if (!installed || !is(library.state, "missing")) return undefined;
  return notCovered(`no library for ${program.abi} is installed`, "portreservectl install");
}

function foreign({ image, unit }: Running, host: Host): Decision | undefined {
  return lacksLibrary({ image, unit }, listNamesShim(host.facts) || unit?.hasDropIn === true, host);
}

/** Before the restart, which would not help. */
function confined({ process, image, unit }: Running, { facts }: Host): Decision | undefined {
  const list = listNamesShim(facts);
  if ((!list && !dropInOf(unit)) || isUnseen(process.denied)) return undefined;
  const library = libraryFor(image.program, facts, unit)?.path;
  return deniedAccess(process.denied, { list: list && !dropInOf(unit), library, table: unit?.highPorts !== true });
}

/** Who was not root at its start; what else may have kept the shim from it is no reason to restart it. */
function closed({ process, image, unit }: Running, host: Host): Decision | undefined {
  if (is(process.uid, 0)) return undefined;
  const place = closedPlaceFor({ image, unit }, host);
  return place && notCovered(`only some users may use '${place.path}'`, openHint(place));
}

/** What keeps the shim from a program of another user than root: the list, unless LD_PRELOAD names the shim, or the library. */
export function closedPlaceFor({ image, unit }: Pick<Subject, "image" | "unit">, host: Host): ClosedPlace | undefined {
  const { list } = host.facts.setup;
  const byDropIn = dropInOf(unit);
  if (!listNamesShim(host.facts) && !byDropIn) return undefined;
  const ofList = byDropIn || isUnseen(list) ? undefined : list.closedBy;
  return ofList ?? libraryFor(image.program, host.facts, unit)?.closedBy;
}

/** install mends the modes of its own files, and refuses a folder that it has not made. */
export function openHint({ path, isFolder }: ClosedPlace): string {
  return isFolder && /^[A-Za-z0-9/._+-]+$/.test(path) ? `chmod a+x ${path}` : "portreservectl install";
}

/** Its unit keeps it from running what is in the library of its ABI. */
export function mayNotRun({ image, unit }: Subject, { facts }: Host): Decision | undefined {
  const library = libraryFor(image.program, facts, unit)?.path;
  if (unit?.noExec === undefined || library === undefined || !unit.noExec.libraries.includes(library)) return undefined;
  const folder = library.slice(0, library.lastIndexOf("/"));
  return notCovered(
    `may not run the shim's code (${unit.noExec.setting})`,
    `add ExecPaths=${folder} with 'systemctl edit ${unitWord(unit.id) ?? "UNIT"}', and restart it`,
  );
}

function masked({ unit }: Running, { facts }: Host): Decision | undefined {
  if (unit?.hidesList === undefined || dropInOf(unit) || !listNamesShim(facts)) return undefined;
  return notCovered(`its unit hides the preload list (${unit.hidesList})`, unhideHint(unit.id));
}

/** A drop-in needs no list; only services can have one. */
export function unhideHint(unit: string): string {
  if (serviceWord(unit) !== undefined) return unitHint(unit);
  return `take that setting out with 'systemctl edit --full ${unitWord(unit) ?? "UNIT"}'`;
}

function early({ process, unit }: Running, { facts }: Host): Decision | undefined {
  const { list } = facts.setup;
  const listSince = !isUnseen(list) && list.namesShim ? list.since : undefined;
  const dropInSince = dropInOf(unit) ? unit?.dropInSince : undefined;
  const before = [listSince, dropInSince].some((since) => since !== undefined && process.startedAt < since);
  return before ? notCovered("started before the install", restartHint(process)) : undefined;
}

function ignored({ process }: Running, { facts }: Host): Decision | undefined {
  if (!is(process.preload, true) || !is(process.secure, true) || listNamesShim(facts)) return undefined;
  return notCovered("the loader ignores LD_PRELOAD for privileged programs", "portreservectl install");
}

function dropped({ process, unit }: Running, { facts }: Host): Decision | undefined {
  if (!dropInOf(unit) || !is(process.preload, false) || listNamesShim(facts)) return undefined;
  return notCovered(
    "its LD_PRELOAD was dropped",
    "look for an EnvironmentFile= or a wrapper that empties it, or install for the whole host: portreservectl install",
  );
}

function nowhere({ process, unit }: Running, host: Host): Decision | undefined {
  const { list } = host.facts.setup;
  if (listNamesShim(host.facts) || dropInOf(unit) || is(process.preload, true)) return undefined;
  if (isUnseen(list)) return notCovered(`the preload list cannot be seen: ${list.unseen}`, asRoot(list));
  return notCovered("not installed for it", installHint(process.unit, host));
}

function dropInOf(unit: UnitFacts | undefined): boolean {
  return unit?.hasDropIn === true;
}
