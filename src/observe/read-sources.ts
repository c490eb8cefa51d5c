// The configuration as it is now, and whether the table in force agrees with it.

import { configure } from "../core/config/configure.ts";
import { isOwnerName } from "../core/config/owner-name.ts";
import type { Configuration, Diagnostic, Inputs, Reservation } from "../core/config/types.ts";
import { type HeldPort, heldPorts } from "../core/hold/held-ports.ts";
import type { NativeTable } from "../core/native.ts";
import { sameContent, type TableContent, tableContent } from "../core/table/content.ts";
import { readInputs } from "../system/files/read-inputs.ts";
import type { TableState } from "../system/files/table-file.ts";

/** Which root, and whether the blacklist counts. */
export interface SourceOptions {
  readonly root: string;
  readonly blacklist: boolean;
}

export interface Sources {
  readonly inputs: Inputs;
  readonly configuration: Configuration;
  readonly content: TableContent;
  /** What is to be held and blocked: see `heldPorts`. */
  readonly held: readonly HeldPort[];
}

/** Throws AppError when there is no folder to read, unless it may miss. */
export function readSources(options: SourceOptions, folder: "needed" | "may miss" = "needed"): Sources {
  const inputs = readInputs({
    root: options.root,
    blacklist: options.blacklist,
    isOwner: isOwnerName,
    folderMayMiss: folder === "may miss",
  });
  const configuration = configure(inputs);
  return { inputs, configuration, content: tableContent(configuration), held: heldPorts(configuration) };
}

export function isRejected({ severity }: Diagnostic): boolean {
  return severity === "error";
}

/** `fresh`: compiled from just these sources. `foreign`: a folder, FIFO, socket or device. */
export type Freshness = "fresh" | "stale" | Exclude<TableState["kind"], "valid">;

export function freshnessOf(state: TableState, content: TableContent): Freshness {
  if (state.kind !== "valid") return state.kind;
  return sameContent(content, state.table) ? "fresh" : "stale";
}

/** True for a table, fresh or stale, whose replacement was cut short: it is in force, and its readers read it again each time. */
export function isRetired(state: TableState): boolean {
  return state.kind === "valid" && state.table.retired;
}

/** Completes "the table is …". */
export function faultText(fault: (TableState & { kind: "damaged" })["fault"]): string {
  const texts = {
    short: "too short",
    long: "too long",
    foreign: "not a portreserve table",
    future: "of a later version than this program knows",
    damaged: "damaged",
  } as const;
  return texts[fault];
}

/** True for a port that the table in force reserves. */
export function inTable(
  table: NativeTable | undefined,
  { port, protocol }: Pick<Reservation, "port" | "protocol">,
): boolean {
  return table?.[protocol].includes(port) ?? false;
}
