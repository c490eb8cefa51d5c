// What the kernel says of a process to everybody: its name, its domain and the unit that it is in.
import type { ProcessFacts } from "../../coverage/facts.ts";
import { nameToText } from "../../system/files/raw-name.ts";
import { isRefused, readBytes } from "../../system/proc/process-files.ts";
import { unitOfCgroup } from "./cgroup.ts";
import { domainOf } from "./domain.ts";
import type { Self } from "./read-self.ts";

export interface Candidate {
  readonly id: number;
  /** /proc/PID, or that of a thread. */
  readonly folder: string;
  readonly name: Buffer;
  readonly startedAt: number;
  /** Whether it is still the same process, and no zombie. */
  readonly isAlive: () => boolean;
}

/** By what /proc/PID/cgroup says, which is the same for all processes of a unit; one character for each byte. */
export type UnitTexts = Map<string, string | undefined>;

export type Open = Pick<ProcessFacts, "pid" | "name" | "startedAt" | "domain" | "unit">;

/** One character for each byte. */
export function domainOfProcess(self: Self, folder: string): string | undefined {
  const attribute = self.hasDomains ? readBytes(`${folder}/attr/current`) : undefined;
  return attribute === undefined || isRefused(attribute) ? undefined : domainOf(attribute);
}

/** What the kernel says of it to everybody. */
export function openOf(units: UnitTexts, candidate: Candidate, domain: string | undefined): Open {
  const { id, folder, name, startedAt } = candidate;
  const cgroup = readBytes(`${folder}/cgroup`);
  const unit = isRefused(cgroup) ? undefined : unitOf(units, cgroup);
  return { pid: id, name: nameToText(name), startedAt, domain: text(domain), unit };
}

function unitOf(units: UnitTexts, cgroup: Buffer): string | undefined {
  const said = cgroup.toString("latin1");
  if (!units.has(said)) units.set(said, text(unitOfCgroup(cgroup)));
  return units.get(said);
}

export function text(latin1: string): string;
export function text(latin1: string | undefined): string | undefined;
export function text(latin1: string | undefined): string | undefined {
  return latin1 === undefined ? undefined : nameToText(Buffer.from(latin1, "latin1"));
}
