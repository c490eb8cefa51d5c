// Looks into one process. What it refuses, or takes away by ending, is a value.

import { once } from "../../core/once.ts";
import { isUnseen, type Seen, type Unseen } from "../../core/seen.ts";
import type { ObjectFacts, ProcessFacts } from "../../coverage/facts.ts";
import { knownBy } from "../../coverage/known-programs.ts";
import { isBeingLoaded, mayAllocate } from "../../coverage/program-image.ts";
import { HIGH_FILE, SHIM_FILE } from "../../system/paths.ts";
import {
  ENDED,
  isGone,
  isRefused,
  namespaceOf,
  type Refused,
  readBytes,
  readLink,
} from "../../system/proc/process-files.ts";
import { type Answers, deniedTo } from "../apparmor/read-denied.ts";
import { secureOfAuxv } from "./auxv.ts";
import { preloadNames } from "./environ.ts";
import type { Mapping } from "./maps.ts";
import { OF_A_USER, whyRootSilent } from "./read-answering.ts";
import { guardOf, mayHarm } from "./read-guard.ts";
import { type FileGuard, fileIdentity, GUARDED } from "./read-mapped-file.ts";
import { keyOfExecutable, type MappedBy, programPath } from "./read-mapped-objects.ts";
import { type Candidate, domainOfProcess, type Open, openOf, text, type UnitTexts } from "./read-open.ts";
import { compared, type PlaceScan, placeOf, tableOf } from "./read-place.ts";
import { codeOf, whyProgramSilent } from "./read-process-code.ts";
import { isDenied, noRights, type Rights, refusedAs, rightsOf } from "./read-rights.ts";
import type { Self } from "./read-self.ts";
import { bindingsOf, mappedTableOf } from "./slots/read-bindings.ts";
import { keepsOthers } from "./slots/read-kept.ts";
import { lookupOf } from "./slots/read-lookup.ts";

/** What one look at the whole host shares. */
export interface ProcessScan extends PlaceScan {
  readonly profiles: Answers;
  readonly units: UnitTexts;
}

/**
 * Undefined: it has ended. "again": it has started another program meanwhile, or the loader has not finished the one it
 * has started, or something of it went away, or what was read ahead is of the past; `isLast` then settles for what can be
 * said of it. Whatever a read of it fails with, a process that lives is never left out: its file systems answer with any
 * error that they like.
 */
export function observeProcess(
  look: ProcessScan,
  candidate: Candidate,
  { isLast }: { isLast: boolean },
): ProcessFacts | "again" | undefined {
  const domain = domainOfProcess(look.self, candidate.folder);
  const open = openOf(look.units, candidate, domain);
  const found = lookInto(look, candidate, { open, isLast, confinedBy: domain });
  if (!isRefused(found)) return found;
  if (!isDenied(found) && !candidate.isAlive()) return undefined;
  if (isGone(found) && !isLast) return "again";
  return closed({ ...open, ...rightsOf(look.self, candidate.folder) }, refusedAs(look.self, found));
}

function lookInto(
  look: ProcessScan,
  { folder, isAlive }: Candidate,
  { isLast, confinedBy, open }: { isLast: boolean; confinedBy: string | undefined; open: Open },
): ProcessFacts | "again" | Refused {
  const { self } = look;
  // The kernel asks the same question for this link and for all that follows: one refusedAs stands for all.
  const link = readLink(`${folder}/exe`);
  if (isRefused(link)) return link;
  const mounts = namespaceOf(folder, "mnt");
  const isFar = !isRefused(mounts) && mounts !== self.mounts;
  const isHarmful = once(() => mayHarm(self, folder));
  const strict = guardOf(look.objects.answering, look.objects.budget, folder);
  const guard = isFar && isHarmful() ? strict : undefined;
  const guardOfProgram = (): FileGuard | undefined => (isHarmful() ? strict : undefined);
  // What was asked of a process that has ended since, or runs another program now, is answered by neither.
  const past = (): "again" | Refused | undefined => {
    if (!isAlive()) return ENDED;
    return !isLast && readLink(`${folder}/exe`) !== link ? "again" : undefined;
  };
  const notHere = (why: Unseen): ProcessFacts | "again" | Refused =>
    past() ?? {
      ...closed({ ...open, ...rightsOf(self, folder) }, why),
      network: compared(self, namespaceOf(folder, "net"), self.network),
    };
  const far = isFar && guard === undefined ? whyRootSilent(look.objects.answering, mounts, folder) : undefined;
  if (far !== undefined) return notHere(far);
  const place = placeOf(look, folder, mounts, isFar ? () => guard : guardOfProgram);
  if (isRefused(place)) return place === GUARDED ? notHere(OF_A_USER) : place;
  const { programs } = place.view;
  const executablePath = link;
  const known = programs.get(executablePath);
  const silent =
    known === undefined && guard === undefined
      ? whyProgramSilent(look.objects, folder, executablePath, { mayHarm: isHarmful, isLast })
      : undefined;
  if (silent === "again") return past() ?? silent;
  if (silent !== undefined) return notHere(silent);
  const executable = known ?? fileIdentity(`${folder}/exe`, guardOfProgram());
  if (isRefused(executable)) return executable === GUARDED ? notHere(OF_A_USER) : executable;
  let by: MappedBy = {
    view: place.view,
    folder,
    executable,
    executablePath,
    mayHarm: isHarmful,
    guard,
    guardOfProgram,
  };
  const code = codeOf(look.objects, by);
  if (isRefused(code)) return code;
  // Another process's program of this path is this one's too if it runs that file's code.
  if (known !== undefined && (isUnseen(code.keys) || !code.keys.includes(known.key))) {
    const found = fileIdentity(`${folder}/exe`, guardOfProgram());
    if (isRefused(found)) return found === GUARDED ? notHere(OF_A_USER) : found;
    by = { ...by, executable: found };
  }
  programs.set(executablePath, by.executable);
  const program = keyOfExecutable(look.objects, by);
  if (isRefused(program)) return program;
  // A process has its program mapped, unless it has just executed another one, or unmapped it on purpose.
  if (!isUnseen(code.keys) && !code.keys.includes(program)) {
    const now = fileIdentity(`${folder}/exe`, guardOfProgram());
    if (isRefused(now)) return now === GUARDED ? notHere(OF_A_USER) : now;
    if (now.key !== program) return "again";
  }
  const keys = isUnseen(code.keys) || code.keys.includes(program) ? code.keys : [program, ...code.keys];
  const objects = (isUnseen(keys) ? [] : keys).map((key) => look.objects.found.get(key) as ObjectFacts);
  if (isBeingLoaded(look.objects.found.get(program), objects)) {
    return isLast ? closed({ ...open, ...rightsOf(self, folder) }, BEING_LOADED) : "again";
  }
  const path = text(programPath(by));
  const isOfInterest =
    isUnseen(keys) || knownBy(path, []) !== undefined || objects.some((object) => mayAllocate(object));
  const lookup = isUnseen(keys) ? undefined : lookupOf(look.objects, by, keys, program);
  const denied =
    isOfInterest && confinedBy !== undefined ? deniedTo(confinedBy, place.view.root, look.profiles) : undefined;
  const rights = isOfInterest ? rightsOf(self, folder) : noRights(NO_ALLOCATOR);
  // Written out: to make an object of parts takes V8 as long as reading a file of /proc.
  const facts: ProcessFacts = {
    pid: open.pid,
    name: open.name,
    startedAt: open.startedAt,
    domain: open.domain,
    unit: open.unit,
    program: path,
    uid: rights.uid,
    mayBind: rights.mayBind,
    secure: isOfInterest ? secureOf(self, folder) : NO_ALLOCATOR,
    network: isOfInterest ? compared(self, namespaceOf(folder, "net"), self.network) : NO_ALLOCATOR,
    mounts: place.mounts,
    root: place.root,
    table: tableOf(look, place, by),
    mappedTable: code.table === undefined ? undefined : tableMapped(look, by, keys, code.table),
    preload: isOfInterest ? preloadOf(self, folder) : NO_ALLOCATOR,
    objects: keys,
    executable: program,
    bindings: isUnseen(keys) ? keys : bindingsOf(look.objects, by, keys, program),
  };
  if (!isOfInterest && lookup === undefined) return facts;
  return (
    past() ?? {
      ...facts,
      ...rights,
      ...(denied === undefined ? {} : { denied }),
      ...(lookup === undefined ? {} : { lookup }),
    }
  );
}

const BEING_LOADED: Unseen = { unseen: "it is just being started", rootWould: false };

/** Most processes are none, and each file of /proc takes the kernel some time. */
const NO_ALLOCATOR: Unseen = { unseen: "it allocates nothing, so nobody looked", rootWould: false };

function preloadOf(self: Self, folder: string): Seen<boolean> {
  const environ = readBytes(`${folder}/environ`);
  if (isRefused(environ)) return refusedAs(self, environ);
  return [SHIM_FILE, HIGH_FILE].some((file) => preloadNames(environ, file));
}

function secureOf(self: Self, folder: string): Seen<boolean> {
  const auxv = readBytes(`${folder}/auxv`);
  return isRefused(auxv) ? refusedAs(self, auxv) : (secureOfAuxv(auxv) ?? NO_VECTOR);
}

const NO_VECTOR: Unseen = { unseen: "its auxiliary vector does not say", rootWould: false };

function closed(open: Open & Rights, why: Unseen): ProcessFacts {
  return {
    ...open,
    program: why,
    secure: why,
    network: why,
    mounts: why,
    root: why,
    table: why,
    mappedTable: why,
    preload: why,
    objects: why,
    executable: undefined,
    bindings: why,
  };
}

function tableMapped(
  { self, objects }: ProcessScan,
  by: MappedBy,
  keys: Seen<readonly string[]>,
  mapping: Mapping,
): ProcessFacts["mappedTable"] {
  const found = mappedTableOf(self, objects, by, mapping);
  if (isUnseen(found) || found.retired || isUnseen(keys)) return found;
  return keepsOthers(objects, by, keys, mapping) === true ? { ...found, unread: true } : found;
}
