// What `install` and `uninstall` say: the plan as a diff, or what was done, one line for each file.
import type { Change } from "../../core/install/change.ts";
import { type DiffLine, diffOf } from "../../core/install/diff.ts";
import type { Block, Json, Line, Message, Report, Tone } from "../../report/types.ts";
import { NO_FILE } from "../../system/paths.ts";

const TONES: Readonly<Record<DiffLine["sign"], Tone | undefined>> = {
  head: "strong",
  place: "dim",
  same: undefined,
  added: "good",
  removed: "bad",
};

/** The plan as people read it before it is carried out. */
export function diffBlock(changes: readonly Change[]): Block {
  const lines = changes.flatMap((change) => diffOf(change, NO_FILE));
  return {
    kind: "lines",
    lines: lines.map(({ sign, text }): Line => {
      const tone = TONES[sign];
      return tone === undefined ? text : { text, tone };
    }),
  };
}

/** What was done, one line for each file; folders and links go without saying, and `parts` of one thing are one line. */
export function doneBlock(
  changes: readonly Change[],
  parts: { readonly of: string; readonly changes: readonly Change[] },
): Block {
  const first = parts.changes.find(({ kind }) => kind === "write-file" || kind === "remove");
  const lines = changes.flatMap((change): string[] => {
    if (change === first)
      return [
        `${change.kind === "remove" ? "removed" : "written"}: '${parts.of}', the manager for portreserve.service`,
      ];
    if (parts.changes.includes(change)) return [];
    switch (change.kind) {
      case "write-file":
        return [`${change.old === undefined ? "written" : "changed"}: '${change.path}'`];
      case "write-table":
        return [...change.text, `written: '${change.path}'`];
      case "remove":
        return change.old === undefined ? [] : [`removed: '${change.path}'`];
      case "remove-table":
        return [`removed: '${change.path}'`];
      case "set-value":
        return [`set: '${change.path}' to '${change.value}'`];
      case "make-folder":
      case "make-link":
      case "remove-folder":
        return [];
      default:
        return change satisfies never;
    }
  });
  return { kind: "lines", lines };
}

/** `diff`: the lines of a change that is only planned. */
export function changesJson(changes: readonly Change[], planned: boolean): Json {
  return changes.map((change) => ({
    action: change.kind,
    path: change.path,
    ...(planned ? { diff: diffOf(change, NO_FILE).map(({ text }) => text) } : {}),
  }));
}

export function refusedReport(command: string, refusals: readonly Message[], staysTrue: string): Report {
  const [first, ...others] = refusals;
  const messages = first === undefined ? [] : [...others, { ...first, message: `${first.message}; ${staysTrue}` }];
  return {
    command,
    outcome: "unsafe",
    diagnostics: [],
    messages,
    body: [],
    data: { result: "refused", changes: [] },
  };
}
