// What verify is about: the whole host, one service, or one process.

import { isUnseen } from "../../core/seen.ts";
import { isUnitOf, templateOf, unitName } from "../../core/systemd/unit-name.ts";
import type { Allocator, Coverage, HostAnswer, PortState } from "../../coverage/coverage.ts";
import type { HostFacts, ProcessFacts } from "../../coverage/facts.ts";
import { parseStat } from "../../observe/processes/stat.ts";
import { AppError } from "../../system/app-error.ts";
import { isRefused, processFolder, readBytes } from "../../system/proc/process-files.ts";
import { asRootCommand, type ThisCommand } from "../this-command.ts";

export type Scope =
  | { readonly kind: "host" }
  | { readonly kind: "unit"; readonly unit: string }
  | { readonly kind: "process"; readonly process: ProcessFacts };

/** Throws AppError for options that contradict each other, and before anything is looked at. */
export function checkScope(command: ThisCommand): void {
  const { units, pid } = command.options;
  if (units.length > 0 && pid !== undefined) {
    throw new AppError("usage", "--unit and --pid exclude each other", "'portreservectl help verify' explains it");
  }
  if (pid === undefined) return;
  if (!/^[1-9]\d{0,9}$/.test(pid)) throw new AppError("usage", `'${pid}' is not the id of a process`, "write a number");
  if (process.geteuid?.() === 0) return;
  throw new AppError(
    "privilege",
    "--pid needs root: nobody else may enter what a process sees",
    `run '${asRootCommand(command)}'`,
  );
}

/** Throws AppError where there is no such service or process. */
export function scopeOf(command: ThisCommand, facts: HostFacts): Scope {
  const {
    units: [name],
    pid,
  } = command.options;
  if (pid !== undefined) return { kind: "process", process: processOf(Number(pid), facts) };
  if (name === undefined) return { kind: "host" };
  const parsed = unitName(name);
  if ("message" in parsed) throw new AppError("usage", parsed.message, parsed.hint);
  return { kind: "unit", unit: knownUnit(parsed.unit, facts, asRootCommand(command)) };
}

function processOf(pid: number, { processes }: HostFacts): ProcessFacts {
  const found = processes.find((process) => process.pid === pid);
  if (found !== undefined) return found;
  const stat = readBytes(`${processFolder(pid)}/stat`);
  if (!isRefused(stat) && parseStat(stat)?.isKernelThread) {
    const hint = "'portreservectl status' tells which ports the kernel itself takes";
    throw new AppError("usage", `process ${pid} is a kernel thread, which runs no program`, hint);
  }
  throw new AppError("usage", `there is no process ${pid}`, "'ps -e' lists the processes");
}

/** Its own name, also where an alias was given. */
function knownUnit(unit: string, { units, processes }: HostFacts, again: string): string {
  if (isUnseen(units)) throw new AppError("incomplete", `services cannot be seen: ${units.unseen}`, `run '${again}'`);
  const template = templateOf(unit) ?? unit;
  const found = units.find(({ names }) => names.includes(unit)) ?? units.find(({ names }) => names.includes(template));
  if (found !== undefined && found.loadState !== "not-found") return found.names.includes(unit) ? found.id : unit;
  if (processes.some((process) => isUnitOf(process.unit, unit))) return unit;
  const hint = "'systemctl list-unit-files --type=service' lists them";
  throw new AppError("usage", `there is no service '${unit}'`, hint);
}

/** What of the host's coverage the verdict is about. */
export interface ScopedCoverage {
  readonly answers: readonly HostAnswer[];
  readonly allocators: readonly Allocator[];
  readonly stolen: readonly PortState[];
  /** Ports of which it is not known whether they are stolen. */
  readonly unknown: readonly PortState[];
}

/** A service or process needs a table and the shim, but not the preload list: its own environment may have the shim. */
export function coverageWithin(scope: Scope, { answers, allocators, ports }: Coverage): ScopedCoverage {
  const isOurs = ({ pid, unit }: { readonly pid: number | undefined; readonly unit: string | undefined }): boolean =>
    scope.kind === "host" || (scope.kind === "unit" ? isUnitOf(unit, scope.unit) : pid === scope.process.pid);
  return {
    answers: scope.kind === "host" ? answers : answers.filter(({ id }) => OF_THE_TABLE.has(id)),
    allocators: allocators.filter(isOurs),
    stolen: ports.filter(
      ({ state, holders }) => state === "stolen" && holders.some((one) => one.verdict === "stolen" && isOurs(one)),
    ),
    unknown: scope.kind === "host" ? ports.filter(({ state, reserved }) => state === "unknown" && reserved) : [],
  };
}

const OF_THE_TABLE: ReadonlySet<string> = new Set(["table", "fresh", "readable", "label"]);

/** The ABIs of the programs in question; undefined for all, and where they are not known. */
export function abisIn(scope: Scope, { processes, programs, objects }: HostFacts): ReadonlySet<string> | undefined {
  if (scope.kind === "host") return undefined;
  const running =
    scope.kind === "process" ? [scope.process] : processes.filter(({ unit }) => isUnitOf(unit, scope.unit));
  const installed = scope.kind === "process" ? [] : programs.filter(({ unit }) => isUnitOf(unit, scope.unit));
  const files = [
    ...running.flatMap(({ executable }) => (executable === undefined ? [] : [objects[executable]])),
    ...installed.map((program) => program.objects[0]),
  ];
  const names = files.flatMap((file) => (file?.elf === undefined || isUnseen(file.elf) ? [] : [file.elf.abi]));
  return names.length === 0 ? undefined : new Set(names);
}
