// What several verbs look at: the configuration as it is now, the table in force, and whether the two agree.

import { configure } from "../core/config/configure.ts";
import { isOwnerName } from "../core/config/owner-name.ts";
import type { Configuration, Diagnostic, Inputs, Reservation } from "../core/config/types.ts";
import type { NativeTable } from "../core/native.ts";
import { sameContent, type TableContent, tableContent } from "../core/table/content.ts";
import type { Json, Message } from "../report/types.ts";
import { AppError } from "../system/app-error.ts";
import { readInputs } from "../system/files/read-inputs.ts";
import type { TableState } from "../system/files/table-file.ts";
import { OWNERS_FOLDER, TABLE_FILE } from "../system/paths.ts";
import { manager } from "../system/suggest.ts";
import type { Options } from "./types.ts";

export interface Sources {
  readonly inputs: Inputs;
  readonly configuration: Configuration;
  readonly content: TableContent;
}

/** Throws AppError when there is no folder to read, unless it may miss. */
export function readSources(options: Options, folder: "needed" | "may miss" = "needed"): Sources {
  const inputs = readInputs({
    root: options.root,
    blacklist: options.blacklist,
    isOwner: isOwnerName,
    folderMayMiss: folder === "may miss",
  });
  const configuration = configure(inputs);
  return { inputs, configuration, content: tableContent(configuration) };
}

/**
 * For verbs whose answer is in the table. Where the folder cannot be read they answer from a valid table alone; where
 * there is neither, nothing is reserved. `messages` say so. Other faults of the folder are thrown as AppError.
 */
export function readSourcesIfAny(
  options: Options,
  state: TableState,
): { sources: Sources | undefined; messages: readonly Message[] } {
  const absent = noTable(state, options.root);
  try {
    return { sources: readSources(options), messages: absent === undefined ? [] : [absent] };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { message, hint } = error;
    const said = (text: string): readonly Message[] => [
      { severity: "warning", message: text, ...(hint === undefined ? {} : { hint }) },
    ];
    if (state.kind === "valid") {
      return { sources: undefined, messages: said(`${message}; owners and lines are not known`) };
    }
    if (state.kind !== "missing") throw error;
    const sources = readSources(options, "may miss");
    return { sources, messages: said(`there is neither '${OWNERS_FOLDER}' nor a table, so nothing is reserved`) };
  }
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

/** True for a table, fresh or stale, whose replacement was cut short: it is in force, and its readers read it anew each time. */
export function isRetired(state: TableState): boolean {
  return state.kind === "valid" && state.table.retired;
}

/** Why there is no table in force, or undefined where there is one. */
export function noTable(state: TableState, root: string): Message | undefined {
  const cure = compileHint(root);
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
        state.denied ? `${cure}, which makes it readable` : cure,
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

export function compileHint(root: string): string {
  return `run 'sudo ${manager(root, "compile")}'`;
}

/** The remarks of verbs that answer from the table; `stale` where its age makes a difference to the answer. */
export function tableNotes(root: string, stale: boolean, retired: boolean): readonly Message[] {
  const facts = [
    ...(stale ? ["the configuration has changed since the table was compiled"] : []),
    ...(retired ? ["the table is retired, since a compile was cut short; it is still in force"] : []),
  ];
  return facts.map((message) => ({ severity: "note", message, hint: compileHint(root) }));
}

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
