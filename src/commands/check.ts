// check: every diagnostic of the configuration, the totals, and whether the table in force is up to date. Writes nothing.

import type { Configuration, Diagnostic } from "../core/config/types.ts";
import { tooFewBesideHeld } from "../core/hold/ports-left.ts";
import { TABLE_PORT_LIMIT } from "../core/table/content.ts";
import { ALLOCATOR_RANGE, tooFewFreePorts, unreservedPorts } from "../core/table/free-ports.ts";
import { counted } from "../core/text.ts";
import { type HoldFreshness, holdFreshnessOf, readHold } from "../observe/read-hold.ts";
import { type Freshness, freshnessOf, isRetired, readSources, type Sources } from "../observe/read-sources.ts";
import { diagnosticCount } from "../report/diagnostics.ts";
import type { Line, Message, Report } from "../report/types.ts";
import { readTable } from "../system/files/table-file.ts";
import { HOLD_FILE, TABLE_FILE } from "../system/paths.ts";
import { holderMessages } from "./hold-file/holder.ts";
import { heldCounts, heldTotals, holdNotes } from "./hold-file/words.ts";
import { compileHint, noTable, notInForceLines } from "./source-messages.ts";
import type { Command } from "./types.ts";

export const check: Command = ({ options }): Report => {
  const state = readTable(options.root);
  // Where no table is, nothing is lost yet by a folder that is not there: the blacklist alone is a configuration too.
  const sources = readSources(options, options.root === "/" && state.kind === "missing" ? "may miss" : "needed");
  const { configuration } = sources;
  const freshness = freshnessOf(state, sources.content);
  const retired = isRetired(state);
  const hold = holdFreshnessOf(readHold(options.root), sources.held);
  const diagnostics = [...configuration.diagnostics, ...tooFew(configuration, freshness, hold)];
  const errors = diagnosticCount(diagnostics, "error");
  const notes = diagnosticCount(diagnostics, "note");
  const totals = totalsOf(sources);
  return {
    command: "check",
    outcome: errors > 0 ? "no" : "done",
    diagnostics,
    messages: [
      ...tableMessages(options.root, freshness, retired, noTable(state, options.root)),
      ...holdNotes(options.root, hold),
      ...holderMessages(options.root, sources.held),
    ],
    body: [
      {
        kind: "lines",
        lines: [
          ...totalLines(totals),
          tableLine(freshness, retired),
          ...holdFileLines(sources, hold),
          ...(state.kind === "valid" ? notInForceLines(options.root) : []),
          verdict(errors, notes),
        ],
        hang: 2,
      },
    ],
    data: { errors, notes, ...totals, table: freshness, retired, holdFile: hold },
  };
};

function tooFew(configuration: Configuration, table: Freshness, hold: HoldFreshness): readonly Diagnostic[] {
  const free = tooFewFreePorts(configuration);
  const beside = tooFewBesideHeld(configuration);
  return [
    ...(free === undefined ? [] : [unlessInForce(free, table)]),
    ...(beside === undefined ? [] : [unlessInForce(beside, hold === "fresh" ? table : "stale")]),
  ];
}

/** Where just this configuration is in force, somebody has chosen it with --force: that is worth a note and no more. */
function unlessInForce(tooFew: Diagnostic, freshness: Freshness): Diagnostic {
  if (freshness !== "fresh") return tooFew;
  return { ...tooFew, severity: "note", hint: "it is in force all the same, compiled with --force" };
}

type Totals = Readonly<
  Record<"files" | "owners" | "tcp" | "udp" | "beyondTable" | "unreserved" | "held" | "blocked", number>
>;

function totalsOf({ inputs, configuration, content, held }: Sources): Totals {
  const { hold, block } = heldTotals(held);
  return {
    files: inputs.owners.length + (inputs.blacklist === undefined ? 0 : 1),
    owners: new Set(configuration.reservations.map(({ owner }) => owner)).size,
    tcp: content.tcp.length,
    udp: content.udp.length,
    beyondTable: beyondTable(configuration),
    unreserved: unreservedPorts(configuration),
    held: hold,
    blocked: block,
  };
}

/** Ports that no table holds. */
function beyondTable({ reservations }: Configuration): number {
  const beyond = reservations.filter(({ port }) => port >= TABLE_PORT_LIMIT);
  return new Set(beyond.map(({ port, protocol }) => `${port}/${protocol}`)).size;
}

function totalLines(totals: Totals): Line[] {
  const { first, last } = ALLOCATOR_RANGE;
  const beyond =
    totals.beyondTable > 0 ? `, and ${counted(totals.beyondTable, "port")} of ${TABLE_PORT_LIMIT} and above` : "";
  return [
    `${counted(totals.files, "file")}, ${counted(totals.owners, "owner")}: ${totals.tcp} tcp and ${totals.udp} udp ports below ${TABLE_PORT_LIMIT}${beyond}`,
    `${totals.unreserved} of the ${last - first + 1} ports from ${first} to ${last} are left to hand out`,
  ];
}

const TABLE_LINES: Readonly<Record<Freshness, string>> = {
  fresh: "fresh, compiled from just this configuration",
  stale: "stale, the configuration has changed since it was compiled",
  missing: "missing",
  damaged: "damaged",
  unreadable: "unreadable for this user",
  foreign: "no file",
};

const RETIRED = "retired, a compile was cut short; it is still in force, but slower to consult";

function tableLine(freshness: Freshness, retired: boolean): Line {
  const text = retired ? `${TABLE_LINES[freshness]}; ${RETIRED}` : TABLE_LINES[freshness];
  return [`table '${TABLE_FILE}': `, { text, tone: freshness === "fresh" && !retired ? "good" : "warn" }];
}

/** Nothing where nothing is held and nothing was: few hosts need to know of it. */
function holdFileLines({ held }: Sources, freshness: HoldFreshness): readonly Line[] {
  if (freshness === "none") return [];
  const text = freshness === "fresh" ? TABLE_LINES.fresh : freshness;
  const tone = freshness === "fresh" ? "good" : "warn";
  return [[`${heldCounts(held)} in '${HOLD_FILE}': `, { text, tone }]];
}

function tableMessages(
  root: string,
  freshness: Freshness,
  retired: boolean,
  absent: Message | undefined,
): readonly Message[] {
  if (absent !== undefined) return [absent];
  const facts = [...(freshness === "fresh" ? [] : [freshness]), ...(retired ? ["retired"] : [])];
  if (facts.length === 0) return [];
  return [{ severity: "note", message: `the table in force is ${facts.join(" and ")}`, hint: compileHint(root) }];
}

function verdict(errors: number, notes: number): Line {
  const counts = `${counted(errors, "error")}, ${counted(notes, "note")}`;
  return errors > 0 ? { text: `rejected: ${counts}`, tone: "bad" } : { text: `accepted: ${counts}`, tone: "good" };
}
