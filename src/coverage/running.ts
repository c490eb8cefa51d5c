// A process or a program as the checks look at it, and which processes they look at.

import { isUnseen, type Unseen } from "../core/seen.ts";
import type { HostFacts, ProcessFacts, ProgramFacts } from "./facts.ts";
import type { Host } from "./host.ts";
import { knownBy } from "./known-programs.ts";
import { shownFileName } from "./names.ts";
import { preloadedAmong } from "./preloaded.ts";
import {
  describeImage,
  isIndeterminate,
  mayAllocate,
  type ProgramImage,
  partsOf,
  unreadable,
} from "./program-image.ts";
import type { UnitFacts } from "./unit-facts.ts";

/** What the checks are about: a process, or a program that would be one if it was started. */
export interface Subject {
  readonly image: ProgramImage;
  /** The unit that it is in or that would start it: none for a privileged program, which anybody starts. */
  readonly unit: UnitFacts | undefined;
  readonly process?: ProcessFacts;
  readonly program?: ProgramFacts;
}

export interface Running extends Subject {
  readonly process: ProcessFacts;
}

export interface Startable extends Subject {
  readonly program: ProgramFacts;
}

export function isRunning(subject: Subject): subject is Running {
  return subject.process !== undefined;
}

export function isStartable(subject: Subject): subject is Startable {
  return subject.program !== undefined;
}

/** `indeterminate`: whether it allocates cannot be seen. */
export type Classified =
  | { readonly kind: "allocator"; readonly running: Running }
  | { readonly kind: "indeterminate"; readonly process: ProcessFacts; readonly why: Unseen }
  | { readonly kind: "none" };

export function classify(process: ProcessFacts, host: Host): Classified {
  const { objects, executable } = process;
  if (isUnseen(objects)) return { kind: "indeterminate", process, why: objects };
  if (isPlain(process, objects, host)) return { kind: "none" };
  const parts = partsOf(objects, host.facts.objects, executable, preloadedAmong(process, host));
  const image = describeImage(programOf(process), parts, (key) => host.libraries.has(key));
  if (image.via.length > 0 || isIndeterminate(image)) {
    return { kind: "allocator", running: { process, image, unit: host.unit(process.unit) } };
  }
  const hole = unreadable(image.parts);
  return hole === undefined ? { kind: "none" } : { kind: "indeterminate", process, why: hole.why };
}

/** Most processes consist of files that most others have too: each of these is judged once. */
function isPlain(process: ProcessFacts, objects: readonly string[], host: Host): boolean {
  const found = host.facts.objects;
  return (
    knownBy(programOf(process), []) === undefined &&
    objects.every((key) => {
      const object = Object.hasOwn(found, key) ? found[key] : undefined;
      return object !== undefined && !mayAllocate(object);
    })
  );
}

function programOf({ program }: ProcessFacts): string | undefined {
  return isUnseen(program) ? undefined : program;
}

/** The file name of its program, never what it calls itself. */
export function processName(process: ProcessFacts): string {
  const path = programOf(process);
  return path === undefined || path === "" ? `process ${process.pid}` : shownFileName(path);
}

/** The setting that keeps a program of a unit from every privileged port; undefined where nothing does. */
export function powerlessAs(path: string, unit: UnitFacts | undefined, facts: HostFacts): string | undefined {
  const { ordinaryUser } = unit ?? {};
  const isOrdinary = facts.kernel.unprivilegedPortStart >= 1024 && ordinaryUser?.programs.includes(path) === true;
  return powerlessBy(unit, facts) ?? (isOrdinary ? ordinaryUser.setting : undefined);
}

/** The setting that keeps whatever a unit starts from every privileged port; undefined where nothing does. */
export function powerlessBy(unit: UnitFacts | undefined, { kernel }: HostFacts): string | undefined {
  return kernel.unprivilegedPortStart >= 1024 ? unit?.keptBy : undefined;
}

/** Allocators hand out ports up to 1023: where those need no privilege, everybody can take one. */
export function isPowerless(process: ProcessFacts, { kernel }: HostFacts): boolean {
  return process.mayBind === false && kernel.unprivilegedPortStart >= 1024;
}
