// The compiled file of held and blocked ports as it is now, and whether the configuration agrees with it.
import type { HeldPort } from "../core/hold/held-ports.ts";
import { HOLD_MARK, holdText, parseHoldText } from "../core/hold/hold-text.ts";
import { type HoldFile, readHoldFile } from "../system/files/hold-file.ts";

export type HoldState =
  | { readonly kind: "missing" }
  | (HoldFile & { readonly kind: "valid"; readonly held: readonly HeldPort[] })
  /** `ours`: it begins as such a file does. */
  | { readonly kind: "damaged"; readonly ours: boolean }
  /** It may be a good one, but this process cannot read it. */
  | { readonly kind: "unreadable"; readonly reason: string }
  /** A folder, FIFO, socket or device: not ours to replace. */
  | { readonly kind: "foreign"; readonly reason: string };

/** The file in force under `root`. Never throws for anything that may be found there. */
export function readHold(root: string): HoldState {
  const read = readHoldFile(root);
  if ("reason" in read) {
    if (read.kind === "missing") return { kind: "missing" };
    if (read.kind === "too-big") return { kind: "damaged", ours: false };
    return { kind: read.kind === "not-a-file" ? "foreign" : "unreadable", reason: read.reason };
  }
  const held = parseHoldText(read.bytes);
  if (held !== undefined) return { kind: "valid", ...read, held };
  const mark = Buffer.from(HOLD_MARK);
  return { kind: "damaged", ours: read.bytes.length === 0 || read.bytes.subarray(0, mark.length).equals(mark) };
}

/** `none`: there is nothing to hold, and no file. `fresh`: compiled from just this. */
export type HoldFreshness = "none" | "fresh" | "stale" | Exclude<HoldState["kind"], "valid">;

export function holdFreshnessOf(state: HoldState, held: readonly HeldPort[]): HoldFreshness {
  if (state.kind === "missing" && held.length === 0) return "none";
  if (state.kind !== "valid") return state.kind;
  return held.length > 0 && state.bytes.equals(Buffer.from(holdText(held))) ? "fresh" : "stale";
}
