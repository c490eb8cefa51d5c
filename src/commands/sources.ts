// What several verbs look at: the configuration as it is now, the table in force, and whether the two agree.

import { configure } from "../core/config/configure.ts";
import { isOwnerName } from "../core/config/owner-name.ts";
import type { Configuration, Diagnostic, Inputs, Reservation } from "../core/config/types.ts";
import type { NativeTable } from "../core/native.ts";
import { sameContent, type TableContent, tableContent } from "../core/table/content.ts";
import type { Json, Message } from "../report/types.ts";
import { AppError } from "../system/app-error.ts";
import { TABLE_FILE } from "../system/paths.ts";
import { readInputs } from "../system/read-inputs.ts";
import type { TableState } from "../system/table-file.ts";
import type { Options } from "./types.ts";

export interface Sources {
  readonly inputs: Inputs;
  readonly configuration: Configuration;
  readonly content: TableContent;
}

/** Throws AppError when there is no folder to read. */
export function readSources(options: Options): Sources {
  const inputs = readInputs({ root: options.root, blacklist: options.blacklist, isOwner: isOwnerName });
  const configuration = configure(inputs);
  return { inputs, configuration, content: tableContent(configuration) };
}

/**
 * For verbs whose answer is in the table: where the folder cannot be read they answer from a valid table alone, and
 * say so. Without that either, throws AppError.
 */
export function readSourcesIfAny(
  options: Options,
  state: TableState,
): { sources: Sources | undefined; messages: readonly Message[] } {
  try {
    return { sources: readSources(options), messages: [] };
  } catch (error) {
    if (!(error instanceof AppError) || state.kind !== "valid") throw error;
    const message = { severity: "warning", message: `${error.message}; owners and lines are not known` } as const;
    return { sources: undefined, messages: [error.hint === undefined ? message : { ...message, hint: error.hint }] };
  }
}

export function isRejected({ severity }: Diagnostic): boolean {
  return severity === "error";
}

/** `fresh`: compiled from just these sources. `retired`: fresh or stale, but its replacement was cut short. */
export type Freshness = "fresh" | "stale" | "retired" | "missing" | "damaged" | "unreadable";

export function freshnessOf(state: TableState, content: TableContent): Freshness {
  if (state.kind === "foreign") return "damaged";
  if (state.kind !== "valid") return state.kind;
  if (state.table.retired) return "retired";
  return sameContent(content, state.table) ? "fresh" : "stale";
}

/** Why there is no table in force, or undefined where there is one. */
export function noTable(state: TableState): Message | undefined {
  const cure = "run 'sudo portreservectl compile'";
  switch (state.kind) {
    case "valid":
      return undefined;
    case "missing":
      return warning(`there is no table '${TABLE_FILE}', so nothing is reserved`, cure);
    case "damaged":
      return warning(`the table '${TABLE_FILE}' is ${faultText(state.fault)}, so nothing is reserved`, cure);
    case "unreadable":
      return warning(
        `cannot read the table '${TABLE_FILE}': ${state.reason}, so nothing is reserved for programs of this user`,
        state.denied ? "run 'sudo portreservectl compile', which makes it readable" : cure,
      );
    case "foreign":
      return warning(
        `the table '${TABLE_FILE}' is no file: ${state.reason}, so nothing is reserved`,
        "move it away, then compile",
      );
    default:
      return state satisfies never;
  }
}

function warning(message: string, hint: string): Message {
  return { severity: "warning", message, hint };
}

function faultText(fault: (TableState & { kind: "damaged" })["fault"]): string {
  const texts = {
    short: "too short",
    long: "too long",
    foreign: "not a portreserve table",
    future: "of a later version than this program knows",
    damaged: "damaged",
  } as const;
  return texts[fault];
}

/** The remark of verbs that answer from the table. */
export const STALE: Message = {
  severity: "note",
  message: "the configuration has changed since the table was compiled",
  hint: "run 'sudo portreservectl compile'",
};

/** True for a port that the table in force reserves. */
export function inTable(
  table: NativeTable | undefined,
  { port, protocol }: Pick<Reservation, "port" | "protocol">,
): boolean {
  return table?.[protocol].includes(port) ?? false;
}

export function reservationJson(row: Reservation): { readonly [key: string]: Json } {
  return { port: row.port, protocol: row.protocol, owner: row.owner, file: row.file, line: row.line };
}
