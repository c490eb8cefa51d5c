// One look at the running host: gather every fact, then judge. For the verbs that show coverage.
import type { Diagnostic } from "../../core/config/types.ts";
import { assess } from "../../core/coverage/assess.ts";
import type { Coverage, Hint } from "../../core/coverage/coverage.ts";
import type { HostFacts } from "../../core/coverage/facts.ts";
import { isUnseen } from "../../core/seen.ts";
import { counted, remarkCount } from "../../report/diagnostics.ts";
import { AppError } from "../../system/app-error.ts";
import { readTable } from "../../system/files/table-file.ts";
import { BLACKLIST_FILE } from "../../system/paths.ts";
import { processIds } from "../../system/proc/process-files.ts";
import { seesEveryProcess } from "../../system/proc/visibility.ts";
import { readSources, type Sources } from "../sources.ts";
import type { Context, Options } from "../types.ts";
import { observeKernel } from "./kernel.ts";
import { type ObjectCache, objectCache, observeProcesses } from "./processes.ts";
import { observePrograms } from "./programs.ts";
import { observeSetup } from "./setup.ts";
import { observeSockets } from "./sockets.ts";
import { observeUnits } from "./units.ts";

export interface Look {
  readonly facts: HostFacts;
  readonly coverage: Coverage;
  /** All remarks on the configuration; none where it cannot be read. */
  readonly diagnostics: readonly Diagnostic[];
}

/** What one look leaves for the next, so that it is quicker. */
export interface Memory {
  readonly objects: ObjectCache;
}

export function newMemory(): Memory {
  return { objects: objectCache() };
}

/** Throws AppError `usage` with --root: what runs on this host says nothing about an image. */
export function refuseOtherRoot(verb: string, { root }: Options): void {
  if (root === "/") return;
  throw new AppError(
    "usage",
    `'${verb}' looks at the running host, so it does not take --root`,
    "'portreservectl check --root FOLDER' looks at an image",
  );
}

/** Never throws for what cannot be seen: that is in the facts. */
export function look({ options, meter }: Pick<Context, "options" | "meter">, memory: Memory): Look {
  const sources = sourcesIfAny(options);
  const facts = observe(options, sources, meter, memory);
  const coverage = assess(facts);
  const diagnostics = sources?.configuration.diagnostics ?? [];
  return { facts, coverage: { ...coverage, hints: [...coverage.hints, ...remarkHints(diagnostics)] }, diagnostics };
}

function observe(
  options: Options,
  sources: Sources | undefined,
  meter: Context["meter"],
  { objects: cache }: Memory,
): HostFacts {
  const onProgress = (done: number, total: number): void => meter({ what: "processes", done, total });
  try {
    const { processes, objects, hidden } = observeProcesses({ onProgress, cache });
    const units = observeUnits();
    const { sockets, source } = observeSockets(processIds());
    const running = new Set(processes.flatMap(({ unit }) => unit ?? []));
    return {
      time: Date.now(),
      asRoot: process.geteuid?.() === 0,
      setup: observeSetup(options, sources, readTable(options.root)),
      reservations: sources?.configuration.reservations,
      processes,
      hidden,
      objects,
      sockets,
      ...(source === "none" ? { socketsUnseen: { unseen: "the kernel does not list them", rootWould: false } } : {}),
      units,
      programs: observePrograms(isUnseen(units) ? [] : units, running),
      kernel: observeKernel(seesEveryProcess()),
    };
  } finally {
    meter(undefined);
  }
}

function sourcesIfAny(options: Options): Sources | undefined {
  try {
    return readSources(options, "may miss");
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return undefined;
  }
}

/** What the configuration says that has no effect: check shows each line. */
function remarkHints(diagnostics: readonly Diagnostic[]): readonly Hint[] {
  const dropped = diagnostics.filter(({ code }) => code === "blacklist-line-dropped").length;
  const errors = remarkCount(diagnostics, "error");
  const cure = "portreservectl check";
  const rejected = counted(errors, "line or file", "lines or files");
  const lines = counted(dropped, "line");
  return [
    ...(errors === 0
      ? []
      : [{ id: "rejected", message: `${rejected} of the configuration ${verb(errors)} rejected`, cure }]),
    ...(dropped === 0
      ? []
      : [
          {
            id: "blacklist",
            message: `${lines} of '${BLACKLIST_FILE}' ${verb(dropped)} dropped by libtirpc and here`,
            cure,
          },
        ]),
  ];
}

function verb(count: number): string {
  return count === 1 ? "is" : "are";
}
