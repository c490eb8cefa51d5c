// What a compile has to do: write a new table, leave the old one, or refuse. `compile` and `install` share it.
import { tooFewBesideHeld } from "../core/hold/ports-left.ts";
import { native } from "../core/native.ts";
import { sameContent } from "../core/table/content.ts";
import { tooFewFreePorts } from "../core/table/free-ports.ts";
import { shortList } from "../coverage/names.ts";
import type { HoldState } from "../observe/read-hold.ts";
import { isRejected, type Sources } from "../observe/read-sources.ts";
import type { Message } from "../report/types.ts";
import { stillThere, type TableState } from "../system/files/table-file.ts";
import { holdChange } from "./hold-file/plan.ts";
import { type PortChange, type TableChange, tableChange } from "./table-change.ts";
import type { Options } from "./types.ts";

export type TablePlan =
  | {
      readonly kind: "write";
      readonly bytes: Uint8Array;
      readonly generation: bigint;
      readonly change: TableChange;
      readonly why: string;
    }
  | { readonly kind: "unchanged"; readonly generation: bigint }
  | { readonly kind: "refuse"; readonly outcome: "no" | "unsafe" | "incomplete"; readonly message: Message };

/**
 * Pure but for the table codec. `hold`: the compiled file of held ports, which is refused together with the table. `still`: how it
 * is where it is refused.
 */
export function planTable(
  options: Pick<Options, "force" | "strict">,
  { inputs, configuration, content, held }: Sources,
  state: TableState,
  hold: HoldState,
  still = stillThere(state),
): TablePlan {
  const tooFew = options.force ? undefined : (tooFewFreePorts(configuration) ?? tooFewBesideHeld(configuration));
  if (tooFew !== undefined) {
    return { kind: "refuse", outcome: "unsafe", message: refusal(`${tooFew.message}; ${still}`, tooFew.hint) };
  }
  if (options.strict && configuration.diagnostics.some(isRejected)) {
    const hint = "correct the lines above, or leave --strict out to compile everything else";
    return {
      kind: "refuse",
      outcome: "no",
      message: refusal(`nothing was compiled, because of --strict; ${still}`, hint),
    };
  }
  const old = state.kind === "valid" ? state.table : undefined;
  const change = tableChange(old, content);
  const unread = options.force ? undefined : (inputs.servicesUnread ?? inputs.blacklistUnread);
  if (unread !== undefined) {
    const message = wouldDrop(unread, change.removed, holdChange(hold, held).removed, still);
    if (message !== undefined) return { kind: "refuse", outcome: "incomplete", message };
  }
  const why = reasonToWrite(state, old !== undefined && sameContent(content, old));
  if (old !== undefined && why === undefined) return { kind: "unchanged", generation: old.generation };
  const generation = nextGeneration(old?.generation);
  const bytes = native().encodeTable({ ...content, generation });
  return { kind: "write", bytes, generation, change, why: why ?? "" };
}

/** What is missing may be what reserved them: the table that is in force is better than one without them. */
function wouldDrop(
  unread: string,
  reserved: readonly PortChange[],
  held: readonly PortChange[],
  still: string,
): Message | undefined {
  const lost = reserved.length > 0 ? reserved : held;
  if (lost.length === 0) return undefined;
  const ports = shortList(
    lost.map(({ port, protocol }) => `${port}/${protocol}`),
    MOST_SHOWN,
  );
  const what = lost === reserved ? "reserved" : "held or blocked";
  const message = `'${unread}' cannot be read, and without it ${ports} would no longer be ${what}; ${still}`;
  return refusal(
    message,
    `see it with 'ls -l ${unread}' and mend it, or let them go with 'sudo portreservectl compile --force'`,
  );
}

const MOST_SHOWN = 8;

function reasonToWrite(state: TableState, same: boolean): string | undefined {
  if (state.kind !== "valid")
    return state.kind === "missing" ? "there was no table" : `the old table was ${state.kind}`;
  if (!same) return "the configuration has changed";
  if (state.table.retired) return "an earlier compile was cut short";
  if (!state.modeIsRight) return "the mode of the old table was not 0644";
  return state.labelIsRight ? undefined : "the old table did not have the label of the loader's cache";
}

/** Counts from 1, and starts again after the last number of 64 bits. */
function nextGeneration(old: bigint | undefined): bigint {
  return BigInt.asUintN(64, (old ?? 0n) + 1n) || 1n;
}

function refusal(message: string, hint: string | undefined): Message {
  return hint === undefined ? { severity: "error", message } : { severity: "error", message, hint };
}
