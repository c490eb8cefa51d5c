// What a compile has to do with the file of held ports once the table is in force: write it, remove it, or leave it.
import type { HeldPort } from "../../core/hold/held-ports.ts";
import { holdText } from "../../core/hold/hold-text.ts";
import type { HoldState } from "../../observe/read-hold.ts";
import type { Message } from "../../report/types.ts";
import { AppError } from "../../system/app-error.ts";
import { HOLD_FILE } from "../../system/paths.ts";

/** Both in the order of `heldPorts`. A port whose kind changes is in both. */
export interface HoldChange {
  readonly added: readonly HeldPort[];
  readonly removed: readonly HeldPort[];
}

/** `none`: nothing is held, and there is no file. `left`: nothing is held, and what has the file's name is not ours. */
export type HoldPlan =
  | { readonly kind: "none" }
  | { readonly kind: "left"; readonly message: Message }
  | { readonly kind: "unchanged" }
  | { readonly kind: "write"; readonly text: string; readonly change: HoldChange; readonly why: string }
  | { readonly kind: "remove"; readonly change: HoldChange };

/** Pure. Throws AppError `unsafe` where something that is no file has the name of one that is needed. */
export function planHold(held: readonly HeldPort[], state: HoldState): HoldPlan {
  const change = holdChange(state, held);
  if (held.length === 0) return planNothing(state, change);
  if (state.kind === "foreign") {
    throw new AppError(
      "unsafe",
      `refusing to replace '${HOLD_FILE}': ${state.reason}; nothing was changed`,
      "find out who made it, and move it away",
    );
  }
  const text = holdText(held);
  const why = reasonToWrite(state, text);
  if (state.kind === "valid" && why === undefined) return { kind: "unchanged" };
  return { kind: "write", text, change, why: why ?? "" };
}

function planNothing(state: HoldState, change: HoldChange): HoldPlan {
  if (state.kind === "missing") return { kind: "none" };
  if (state.kind === "valid" || (state.kind === "damaged" && state.ours)) return { kind: "remove", change };
  const what = state.kind === "damaged" ? "it is not a file that portreserve has written" : `${state.reason}`;
  const message = `nothing is held or blocked, and '${HOLD_FILE}' was left there: ${what}`;
  return { kind: "left", message: { severity: "warning", message, hint: "find out who made it, and move it away" } };
}

function reasonToWrite(state: HoldState, text: string): string | undefined {
  if (state.kind !== "valid")
    return state.kind === "missing" ? "there was no such file" : `the old file was ${state.kind}`;
  if (!state.bytes.equals(Buffer.from(text))) return "the configuration has changed";
  return state.modeIsRight ? undefined : "the mode of the old file was not 0644";
}

/** Of a file that cannot be read nothing is known to go. */
export function holdChange(state: HoldState, held: readonly HeldPort[]): HoldChange {
  const old = state.kind === "valid" ? state.held : [];
  return { added: difference(held, old), removed: difference(old, held) };
}

export function sameHeld(these: readonly HeldPort[], others: readonly HeldPort[]): boolean {
  return difference(these, others).length === 0 && difference(others, these).length === 0;
}

function difference(these: readonly HeldPort[], others: readonly HeldPort[]): readonly HeldPort[] {
  const known = new Set(others.map(keyOf));
  return these.filter((one) => !known.has(keyOf(one)));
}

function keyOf({ kind, protocol, port }: HeldPort): string {
  return `${kind} ${protocol} ${port}`;
}
