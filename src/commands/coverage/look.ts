// One look at the running host: gather every fact, then judge. For the verbs that show coverage.

import type { Diagnostic } from "../../core/config/types.ts";
import { counted } from "../../core/text.ts";
import { assess } from "../../coverage/assess.ts";
import type { Coverage, Hint } from "../../coverage/coverage.ts";
import type { HostFacts } from "../../coverage/facts.ts";
import { pastable } from "../../coverage/paste.ts";
import { observeHost } from "../../observe/observe-host.ts";
import type { Memory } from "../../observe/read-memory.ts";
import { readSources, type Sources } from "../../observe/read-sources.ts";
import { diagnosticCount } from "../../report/diagnostics.ts";
import { AppError } from "../../system/app-error.ts";
import { expectOneLook } from "../../system/one-look.ts";
import { BLACKLIST_FILE } from "../../system/paths.ts";
import { isApplied, mayBeApplied } from "../mechanisms/mechanism.ts";
import { MANAGED_MECHANISMS } from "../mechanisms/table.ts";
import { asRootCommand } from "../this-command.ts";
import type { Context, Options } from "../types.ts";

export interface AssessedHost {
  readonly facts: HostFacts;
  readonly coverage: Coverage;
  /** All diagnostics of the configuration; none where it cannot be read. */
  readonly diagnostics: readonly Diagnostic[];
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
export function assessHost(
  context: Pick<Context, "verb" | "args" | "options" | "meter">,
  memory: Memory,
): AssessedHost {
  const { options, meter } = context;
  if (!options.watch) expectOneLook();
  const sources = sourcesIfAny(options);
  const facts = { ...factsOf(options, sources, meter, memory), ...mechanismFacts(options, sources) };
  const coverage = assess(facts);
  const diagnostics = sources?.configuration.diagnostics ?? [];
  const all = { ...coverage, hints: [...coverage.hints, ...diagnosticHints(diagnostics)] };
  return { facts, coverage: pastable(all, { asRoot: facts.asRoot, again: asRootCommand(context) }), diagnostics };
}

function factsOf({ root }: Options, sources: Sources | undefined, meter: Context["meter"], memory: Memory): HostFacts {
  try {
    return observeHost(root, sources, (done, total) => meter({ what: "processes", done, total }), memory);
  } finally {
    meter(undefined);
  }
}

/** Only those that somebody has applied. */
function mechanismFacts(
  { root }: Options,
  sources: Sources | undefined,
): Pick<HostFacts, "mechanisms" | "fixedOwners"> {
  if (sources === undefined) return {};
  const { reservations } = sources.configuration;
  const possible = MANAGED_MECHANISMS.filter((mechanism) => mayBeApplied(mechanism, root));
  const all = possible.map(({ name, look }) => ({ name, standing: look({ root, reservations }) }));
  const applied = all.filter(({ standing }) => isApplied(standing));
  const mechanisms = applied.map(({ name, standing: { state, reason } }) => {
    const why = `${state}${reason === undefined ? "" : `: ${reason}`}`;
    return { name, inForce: state === "in force", ...(state === "in force" ? {} : { why }) };
  });
  const fixedOwners = applied.flatMap(({ standing }) => standing.owners ?? []);
  return {
    ...(mechanisms.length === 0 ? {} : { mechanisms }),
    ...(fixedOwners.length === 0 ? {} : { fixedOwners }),
  };
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
function diagnosticHints(diagnostics: readonly Diagnostic[]): readonly Hint[] {
  const dropped = diagnostics.filter(({ code }) => code === "blacklist-line-dropped").length;
  const errors = diagnosticCount(diagnostics, "error");
  const hint = "portreservectl check";
  const rejected = counted(errors, "line or file", "lines or files");
  const lines = counted(dropped, "line");
  return [
    ...(errors === 0
      ? []
      : [{ id: "rejected", message: `${rejected} of the configuration ${verb(errors)} rejected`, hint }]),
    ...(dropped === 0
      ? []
      : [
          {
            id: "blacklist",
            message: `${lines} of '${BLACKLIST_FILE}' ${verb(dropped)} dropped by libtirpc and here`,
            hint,
          },
        ]),
  ];
}

function verb(count: number): string {
  return count === 1 ? "is" : "are";
}
