// list: every reservation of the configuration and of the table in force, its owner, its line and its mechanism.

import type { ReservationKind } from "../core/config/types.ts";
import { kindsIn } from "../core/hold/held-ports.ts";
import { MECHANISMS, type MechanismName, mechanismFor } from "../core/mechanism.ts";
import type { NativeTable } from "../core/native.ts";
import { holdFreshnessOf, readHold } from "../observe/read-hold.ts";
import { freshnessOf, inTable, isRetired, type Sources } from "../observe/read-sources.ts";
import type { Block, Line, Report } from "../report/types.ts";
import { readTable } from "../system/files/table-file.ts";
import { holderMessages, refusedMessages } from "./hold-file/holder.ts";
import { holdNotes } from "./hold-file/words.ts";
import { readSourcesIfAny, rejectedMessages, tableNotes } from "./source-messages.ts";
import { onlyInTable, type TableRow } from "./table-rows.ts";
import type { Command } from "./types.ts";

export const list: Command = ({ options }): Report => {
  const state = readTable(options.root);
  const { sources, messages } = readSourcesIfAny(options, state);
  const table = state.kind === "valid" ? state.table : undefined;
  const rows = rowsOf(sources, table);
  const held = sources?.held ?? [];
  const hold = sources === undefined ? undefined : holdFreshnessOf(readHold(options.root), held);
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
      ...holdNotes(options.root, hold),
      ...holderMessages(options.root, held),
      ...refusedMessages(options.root, held),
    ],
    body:
      rows.length === 0 ? [{ kind: "lines", lines: ["no reservations"] }] : [columns(rows), legend(rows, options.root)],
    data: {
      table: freshness ?? "unknown",
      retired,
      holdFile: hold ?? "unknown",
      reservations: rows.map((row) => ({ ...row })),
    },
  };
};

/** `kind`: what the lines for the port come to; null where the line is not known. */
type Row = Omit<TableRow, "kind"> & {
  readonly kind: ReservationKind | null;
  readonly mechanism: MechanismName;
  readonly inTable: boolean;
};

function rowsOf(sources: Sources | undefined, table: NativeTable | undefined): Row[] {
  const reservations = sources?.configuration.reservations ?? [];
  const rows: TableRow[] = [...reservations, ...onlyInTable(reservations, table)];
  const kindOf = kindsIn(sources?.held ?? []);
  return rows
    .map((row): Row => {
      const { name: mechanism } = mechanismFor(row.port);
      const kind = row.kind === null ? null : (kindOf(row) ?? "reserve");
      return { ...row, kind, mechanism, inTable: inTable(table, row) };
    })
    .sort((a, b) => a.port - b.port || (a.protocol < b.protocol ? -1 : a.protocol > b.protocol ? 1 : 0));
}

function isKept({ kind }: Row): boolean {
  return kind === "hold" || kind === "block";
}

/** The column of words is there only where a line has one. */
function columns(rows: readonly Row[]): Block {
  const words = rows.some(isKept);
  return {
    kind: "columns",
    heading: ["PORT", "OWNER", "IN TABLE", ...(words ? ["WORD"] : []), "MECHANISM", "LINE"],
    rows: rows.map((row): Line[] => [
      `${row.port}/${row.protocol}`,
      row.owner ?? "-",
      row.mechanism === "ephemeral" ? "-" : row.inTable ? { text: "yes", tone: "good" } : { text: "no", tone: "warn" },
      ...(words ? [isKept(row) ? (row.kind ?? "-") : "-"] : []),
      row.mechanism,
      row.file === null ? "only in the table" : `${row.file}:${row.line}`,
    ]),
  };
}

/** What each mechanism in the list means: being in the table is not yet being covered. */
function legend(rows: readonly Row[], root: string): Block {
  // Of no account for a port that is held, but for the shim: it need not find out by trying.
  const needed = rows.filter((row) => row.mechanism === "preload" || !isKept(row));
  const used = MECHANISMS.filter(({ name }) => needed.some((row) => row.mechanism === name));
  const onHost = root === "/" && used.some(({ name }) => name === "preload");
  const texts = [
    ...used.map(({ name, explanation }) => `${name}: ${explanation}`),
    ...KEPT_TEXTS.filter(({ kind }) => rows.some((row) => row.kind === kind)).map(({ text }) => text),
    ...(onHost ? ["whether the programs of this host run with the shim: 'portreservectl status' tells"] : []),
  ];
  return { kind: "lines", lines: texts.map((text): Line => ({ text, tone: "dim" })) };
}

const KEPT_TEXTS: readonly { readonly kind: ReservationKind; readonly text: string }[] = [
  {
    kind: "hold",
    text: "hold: portreserve-hold keeps the port for its owner, who has to set SO_REUSEADDR; everybody else finds it in use",
  },
  { kind: "block", text: "block: portreserve-hold keeps the port from everybody" },
];
