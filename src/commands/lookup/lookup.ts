// lookup: is it reserved, by whom, by which line, who holds it and who could take it. The truth is the table in force.
import type { Protocol, Reservation } from "../../core/config/types.ts";
import { type HeldPort, kindsIn } from "../../core/hold/held-ports.ts";
import { type MechanismName, mechanismFor } from "../../core/mechanism.ts";
import { TABLE_PORT_LIMIT } from "../../core/table/content.ts";
import { holdFreshnessOf, readHold } from "../../observe/read-hold.ts";
import { newMemory } from "../../observe/read-memory.ts";
import { freshnessOf, inTable, isRetired } from "../../observe/read-sources.ts";
import type { Block, Line, Message, Report } from "../../report/types.ts";
import { readTable } from "../../system/files/table-file.ts";
import { assessHost } from "../coverage/look.ts";
import { holderMessages } from "../hold-file/holder.ts";
import { holdNotes } from "../hold-file/words.ts";
import { readSourcesIfAny, rejectedMessages, reservationJson, tableNotes } from "../source-messages.ts";
import type { Command, Options } from "../types.ts";
import { type GuardsOf, guardsBlock, guardsIn, guardsJson } from "./guards.ts";
import { hostBlocks, portHostJson, threatsJson } from "./host.ts";
import { findTarget, type LookupTarget, rejectedFor } from "./target.ts";

export const lookup: Command = (context): Report => {
  const {
    options,
    args: [word = ""],
  } = context;
  const state = readTable(options.root);
  const read = readSourcesIfAny(options, state);
  const { sources } = read;
  const target = findTarget(word, read, options.root);
  const table = state.kind === "valid" ? state.table : undefined;
  const freshness = sources === undefined ? undefined : freshnessOf(state, sources.content);
  const retired = isRetired(state);
  const hold = readHold(options.root);
  const holdFreshness = sources === undefined ? undefined : holdFreshnessOf(hold, sources.held);
  const keptAs = kindsIn(hold.kind === "valid" ? hold.held : []);
  const askedAs = kindsIn(sources?.held ?? []);
  const answers = target.ports.map(
    (asked): Answer => ({
      ...asked,
      reserved: inTable(table, asked),
      kept: keptAs(asked),
      asked: askedAs(asked),
      mechanism: mechanismFor(asked.port).name,
      claims: (sources?.configuration.reservations ?? []).filter(
        (row) => row.port === asked.port && row.protocol === asked.protocol,
      ),
    }),
  );
  const guardsOf = guardsIn(options.root, sources?.configuration.reservations ?? []);
  const disagree = freshness === "stale" && answers.some((answer) => answer.reserved !== isClaimed(answer));
  const host = looksAtHost(options, answers) ? assessHost(context, newMemory()) : undefined;
  return {
    command: "lookup",
    outcome: answers.some(({ reserved, kept }) => reserved || kept !== undefined) ? "done" : "no",
    diagnostics: [],
    messages: [
      ...(sources === undefined ? [] : rejectedMessages(options.root, "not looked up", rejectedFor(target, sources))),
      ...read.messages,
      ...tableNotes(options.root, disagree, retired),
      ...(answers.some(({ kept, asked }) => kept !== asked) ? holdNotes(options.root, holdFreshness) : []),
      ...holderMessages(
        options.root,
        answers.filter(({ kept }) => kept !== undefined),
      ),
      ...unmanaged(answers, guardsOf),
    ],
    body: [
      bodyOf(target, answers, sources !== undefined),
      guardsBlock(answers, guardsOf),
      ...(host === undefined ? [] : hostBlocks(answers, host.facts, host.coverage)),
    ],
    data: {
      query: word,
      kind: target.kind,
      table: freshness ?? "unknown",
      retired,
      holdFile: holdFreshness ?? "unknown",
      ports: answers.map((answer) => ({
        port: answer.port,
        protocol: answer.protocol,
        reserved: answer.reserved,
        kept: answer.kept ?? null,
        mechanism: answer.mechanism,
        guards: guardsJson(guardsOf(answer.port)),
        claims: answer.claims.map(reservationJson),
        ...portHostJson(answer, host?.coverage),
      })),
      threats: host === undefined ? null : threatsJson(answers, host.coverage),
    },
  };
};

/** An image has no processes, and who holds a port above is not looked at. */
function looksAtHost({ root }: Options, answers: readonly Answer[]): boolean {
  return root === "/" && answers.some(({ port }) => port < TABLE_PORT_LIMIT);
}

interface Answer {
  readonly port: number;
  readonly protocol: Protocol;
  readonly reserved: boolean;
  /** By the compiled file, and by the configuration. */
  readonly kept: HeldPort["kind"] | undefined;
  readonly asked: HeldPort["kind"] | undefined;
  readonly mechanism: MechanismName;
  readonly claims: readonly Reservation[];
}

/** True where a fresh table would have the port. */
function isClaimed({ claims, mechanism }: Pick<Answer, "claims" | "mechanism">): boolean {
  return claims.length > 0 && mechanism !== "ephemeral";
}

function bodyOf(target: LookupTarget, answers: readonly Answer[], known: boolean): Block {
  if (answers.length === 0) return { kind: "lines", lines: [`'${target.name}' reserves nothing`] };
  const rows = answers.flatMap((answer): Line[][] => {
    const head: Line[] = [`${answer.port}/${answer.protocol}`, stateOf(answer)];
    if (answer.claims.length === 0) return [known && answer.reserved ? [...head, "-", "only in the table"] : head];
    return answer.claims.map(({ owner, file, line }) => [...head, owner, `${file}:${line}`]);
  });
  return { kind: "columns", rows };
}

/** No table has a port of 1024 or above, so one that is held is not said to be reserved. */
function stateOf({ reserved, kept, claims, mechanism }: Answer): Line {
  const words = kept === undefined ? undefined : { hold: "held", block: "blocked" }[kept];
  if (!reserved && words !== undefined) return { text: words, tone: "good" };
  if (!reserved) return { text: isClaimed({ claims, mechanism }) ? "not in force" : "not reserved", tone: "warn" };
  return { text: words === undefined ? "reserved" : `reserved and ${words}`, tone: "good" };
}

/** Ports that somebody reserves and no table can hold. */
function unmanaged(answers: readonly Answer[], guardsOf: GuardsOf): readonly Message[] {
  const ports = [
    ...new Set(
      answers
        .filter(({ mechanism, claims, kept }) => mechanism === "ephemeral" && claims.length > 0 && kept === undefined)
        .filter(({ port }) => !guardsOf(port).some((guard) => guard.mechanism === "ephemeral"))
        .map(({ port }) => port),
    ),
  ];
  return ports.map((port) => ({ severity: "note", message: `${port}: ${mechanismFor(port).explanation}` }));
}
