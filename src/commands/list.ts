// list: every reservation of the configuration and of the table in force, its owner, its line and its mechanism.

import type { Reservation } from "../core/config/types.ts";
import { MECHANISMS, type MechanismName, mechanismFor } from "../core/mechanism.ts";
import type { NativeTable } from "../core/native.ts";
import { freshnessOf, inTable, isRetired } from "../observe/read-sources.ts";
import type { Block, Line, Report } from "../report/types.ts";
import { readTable } from "../system/files/table-file.ts";
import { readSourcesIfAny, rejectedMessages, tableNotes } from "./source-messages.ts";
import { onlyInTable, type TableRow } from "./table-rows.ts";
import type { Command } from "./types.ts";

export const list: Command = ({ options }): Report => {
  const state = readTable(options.root);
  const { sources, messages } = readSourcesIfAny(options, state);
  const table = state.kind === "valid" ? state.table : undefined;
  const rows = rowsOf(sources?.configuration.reservations ?? [], table);
  const freshness = sources === undefined ? undefined : freshnessOf(state, sources.content);
  const retired = isRetired(state);
  return {
    command: "list",
    outcome: state.kind === "valid" ? "done" : "no",
    diagnostics: sources?.configuration.diagnostics ?? [],
    quiet: ["error", "note"],
    messages: [
      ...rejectedMessages(options.root, "not listed", sources?.configuration.diagnostics ?? []),
      ...messages,
      ...tableNotes(options.root, freshness === "stale", retired),
    ],
    body:
      rows.length === 0 ? [{ kind: "lines", lines: ["no reservations"] }] : [columns(rows), legend(rows, options.root)],
    data: { table: freshness ?? "unknown", retired, reservations: rows.map((row) => ({ ...row })) },
  };
};

type Row = TableRow & { readonly mechanism: MechanismName; readonly inTable: boolean };

function rowsOf(reservations: readonly Reservation[], table: NativeTable | undefined): Row[] {
  const rows: TableRow[] = [...reservations, ...onlyInTable(reservations, table)];
  return rows
    .map((row) => ({ ...row, mechanism: mechanismFor(row.port).name, inTable: inTable(table, row) }))
    .sort((a, b) => a.port - b.port || (a.protocol < b.protocol ? -1 : a.protocol > b.protocol ? 1 : 0));
}

function columns(rows: readonly Row[]): Block {
  return {
    kind: "columns",
    heading: ["PORT", "OWNER", "IN TABLE", "MECHANISM", "LINE"],
    rows: rows.map((row): Line[] => [
      `${row.port}/${row.protocol}`,
      row.owner ?? "-",
      row.mechanism === "ephemeral" ? "-" : row.inTable ? { text: "yes", tone: "good" } : { text: "no", tone: "warn" },
      row.mechanism,
      row.file === null ? "only in the table" : `${row.file}:${row.line}`,
    ]),
  };
}

/** What each mechanism in the list means: being in the table is not yet being covered. */
function legend(rows: readonly Row[], root: string): Block {
  const used = MECHANISMS.filter(({ name }) => rows.some((row) => row.mechanism === name));
  const onHost = root === "/" && used.some(({ name }) => name === "preload");
  const texts = [
    ...used.map(({ name, explanation }) => `${name}: ${explanation}`),
    ...(onHost ? ["whether the programs of this host run with the shim: 'portreservectl status' tells"] : []),
  ];
  return { kind: "lines", lines: texts.map((text): Line => ({ text, tone: "dim" })) };
}
