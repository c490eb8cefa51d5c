// What the verbs say of the configuration and of the table in force: the same words in each of them.
import type { Diagnostic, Reservation } from "../core/config/types.ts";
import { loadsShim } from "../observe/read-loaded.ts";
import { faultText, readSources, type SourceOptions, type Sources } from "../observe/read-sources.ts";
import { diagnosticCount, rejectedCount } from "../report/diagnostics.ts";
import type { Json, Line, Message } from "../report/types.ts";
import { AppError } from "../system/app-error.ts";
import { commandLine } from "../system/command-text.ts";
import type { TableState } from "../system/files/table-file.ts";
import { hasLoader } from "../system/host/abis.ts";
import { OWNERS_FOLDER, TABLE_FILE } from "../system/paths.ts";

/** `fault`: why there are none. */
export type SourcesIfAny = { readonly messages: readonly Message[] } & (
  | { readonly sources: Sources; readonly fault?: undefined }
  | { readonly sources: undefined; readonly fault: AppError }
);

/**
 * For verbs whose answer is in the table. Where the folder cannot be read they answer from a valid table alone; where
 * there is neither, nothing is reserved. `messages` say so. Other faults of the folder are thrown as AppError.
 */
export function readSourcesIfAny(options: SourceOptions, state: TableState): SourcesIfAny {
  const absent = noTable(state, options.root);
  try {
    return { sources: readSources(options), messages: absent === undefined ? [] : [absent] };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { message, hint } = error;
    const said = (text: string, step = hint): readonly Message[] => [
      { severity: "warning", message: text, ...(step === undefined ? {} : { hint: step }) },
    ];
    if (state.kind === "valid") {
      return { sources: undefined, fault: error, messages: said(`${message}; owners and lines are not known`) };
    }
    if (state.kind !== "missing") throw error;
    const sources = readSources(options, "may miss");
    return {
      sources,
      messages: said(
        `there is neither '${OWNERS_FOLDER}' nor a table, so nothing is reserved`,
        firstStep(options.root),
      ),
    };
  }
}

/** Why there is no table in force, or undefined where there is one. */
export function noTable(state: TableState, root: string, hint = firstStep(root)): Message | undefined {
  switch (state.kind) {
    case "valid":
      return undefined;
    case "missing":
      return warning(`there is no table '${TABLE_FILE}', so nothing is reserved`, hint);
    case "damaged":
      return warning(`the table '${TABLE_FILE}' is ${faultText(state.fault)}, so nothing is reserved`, hint);
    case "unreadable":
      return warning(
        `cannot read the table '${TABLE_FILE}': ${state.reason}, so nothing is reserved for programs of this user`,
        state.denied ? `${hint}, which makes it readable` : hint,
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

export function compileHint(root: string): string {
  return `run 'sudo ${commandLine(root, "compile")}'`;
}

/** The one next step of a host on which nothing is installed: it compiles too. An image is compiled while it is made. */
function firstStep(root: string): string {
  return root !== "/" || loadsShim(root) !== false ? compileHint(root) : `run '${installCommand(root)}'`;
}

/** Of a table that no program consults yet: whatever makes or judges one says so. */
export function notInForceLines(root: string): readonly Line[] {
  const isImage = root !== "/";
  // Without programs, or where it cannot be seen, there is nothing to say.
  if (loadsShim(root) !== false || (isImage && !hasLoader(root))) return [];
  const who = isImage ? "no program of this image loads the shim" : "no program loads the shim";
  return [[{ text: "the table is not in force yet", tone: "warn" }, `: ${who}`, { cure: installCommand(root) }]];
}

function installCommand(root: string): string {
  return `sudo ${commandLine(root, "install")}`;
}

/** The messages of verbs that answer from the table; `stale` where its age makes a difference to the answer. */
export function tableNotes(root: string, stale: boolean, retired: boolean): readonly Message[] {
  const facts = [
    ...(stale ? ["the configuration has changed since the table was compiled"] : []),
    ...(retired ? ["the table is retired, since a compile was cut short; it is still in force"] : []),
  ];
  return facts.map((message) => ({ severity: "note", message, hint: compileHint(root) }));
}

/** `missing`: what is not done with what the input does not say: "not listed". */
export function rejectedMessages(
  root: string,
  missing: string,
  diagnostics: readonly Diagnostic[],
): readonly Message[] {
  const errors = diagnosticCount(diagnostics, "error");
  if (errors === 0) return [];
  const message = `${missing}: ${rejectedCount(errors)}`;
  return [{ severity: "warning", message, hint: `'${commandLine(root, "check")}' shows what is wrong` }];
}

export function reservationJson(row: Reservation): { readonly [key: string]: Json } {
  const { port, protocol, owner, file, line, kind } = row;
  return { port, protocol, owner, file, line, kind };
}
