// status as fields of a JSON document: the coverage, and how the protection itself was found.

import { isUnseen } from "../../core/seen.ts";
import type { Coverage } from "../../coverage/coverage.ts";
import type { HostFacts, SetupFacts } from "../../coverage/facts.ts";
import type { HolderFacts } from "../../coverage/hold-facts.ts";
import { NONE } from "../../coverage/holds.ts";
import type { Json } from "../../report/types.ts";
import { PRELOAD_LIST, TABLE_FILE } from "../../system/paths.ts";
import type { Figures } from "../coverage/figures.ts";
import { coverageJson } from "../coverage/json.ts";

type Fields = { readonly [key: string]: Json };

/** All but the time of looking: what stays the same as long as nothing happens. */
export function statusJson({ setup, asRoot, holder = NONE }: HostFacts, coverage: Coverage, figures: Figures): Fields {
  return {
    asRoot,
    table: tableJson(setup),
    preload: listJson(setup),
    holder: holderJson(holder),
    libraries: setup.libraries.map(({ abi, path, state }) => ({ abi, path, state: isUnseen(state) ? null : state })),
    ...coverageJson(coverage, figures),
  };
}

function holderJson(holder: HolderFacts): Fields {
  return {
    state: holder.kind,
    pid: holder.kind === "running" ? holder.pid : null,
    reason: holder.kind === "unknown" ? holder.why.unseen : null,
  };
}

function tableJson({ table }: SetupFacts): Fields {
  return {
    path: TABLE_FILE,
    state: table.state,
    reason: table.reason ?? null,
    generation: table.generation ?? null,
    compiledAt: timeText(table.since),
    retired: table.retired,
  };
}

function listJson({ list }: SetupFacts): Fields {
  return isUnseen(list)
    ? { path: PRELOAD_LIST, namesShim: null, changedAt: null, reason: list.unseen }
    : { path: PRELOAD_LIST, namesShim: list.namesShim, changedAt: timeText(list.since), reason: null };
}

/** "2026-11-23T11:00:00.000Z" */
export function timeText(milliseconds: number | undefined): string | null {
  return milliseconds === undefined ? null : new Date(milliseconds).toISOString();
}
