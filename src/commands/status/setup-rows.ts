// How the protection itself stands, in columns: the table, the preload list, and every other answer that is not good.

import { isUnseen } from "../../core/seen.ts";
import type { Coverage, HostAnswer } from "../../coverage/coverage.ts";
import type { HostFacts, SetupFacts, TableFacts } from "../../coverage/facts.ts";
import type { Block, Line, Span } from "../../report/types.ts";
import { HOLD_FILE, PRELOAD_LIST, TABLE_FILE } from "../../system/paths.ts";
import { agoText, arrow, isWorthSaying, spanText } from "../coverage/words.ts";

/** Questions about the table: all of them are answered in its row. */
const ABOUT_TABLE: readonly string[] = ["table", "fresh", "readable", "label"];
const ABOUT_PRELOAD = "preload";
/** Shown wherever something is held, so that nobody has to ask whether it is. */
const ABOUT_HOLDS = "hold";

export function setupBlock({ setup, time }: Pick<HostFacts, "setup" | "time">, { answers }: Coverage): Block {
  const preload = answers.find(({ id }) => id === ABOUT_PRELOAD);
  const others = answers.filter(({ id }) => !ABOUT_TABLE.includes(id) && id !== ABOUT_PRELOAD);
  const rows: readonly Row[] = [
    [
      "table",
      TABLE_FILE,
      tableCell(
        setup.table,
        time,
        answers
          .filter(({ id }) => ABOUT_TABLE.includes(id))
          .map((one) => (isPartOf(preload, one) ? { ...one, hint: undefined } : one)),
      ),
    ],
    ["preload", PRELOAD_LIST, preloadCell(setup, time, preload)],
    ...others
      .filter((answer) => (isWorthSaying(answer) || answer.id === ABOUT_HOLDS) && !isPartOf(preload, answer))
      .map((answer) => row(answer, setup)),
  ];
  return {
    kind: "forms",
    screen: [{ kind: "columns", indent: 2, rows: rows.map(([name, , answer]) => [name, answer]) }],
    piped: [{ kind: "columns", indent: 2, rows }],
  };
}

/** What, where, how it stands. The place is for programs: to a person at a terminal it would cost the room for the answer. */
type Row = readonly [name: Line, place: Line, answer: Line];

/** It has not been installed, and that is said already. */
export function isPartOf(preload: HostAnswer | undefined, { hint }: HostAnswer): boolean {
  return preload?.state === "bad" && preload.hint !== undefined && preload.hint === hint;
}

export function isInForce({ state }: TableFacts): boolean {
  return state === "fresh" || state === "stale" || state === "valid";
}

/** "fresh, generation 4, compiled 2 hours ago" */
function tableCell(table: TableFacts, time: number, answers: readonly HostAnswer[]): Line {
  const parts = [
    ...(table.generation === undefined ? [] : [`generation ${table.generation}`]),
    ...(table.since === undefined ? [] : [`compiled ${agoText(time - table.since)}`]),
  ];
  const wrong = answers.filter(isWorthSaying);
  const tone = table.state === "fresh" ? "good" : table.state === "valid" ? "warn" : "bad";
  const why = wrong.flatMap((answer): readonly Span[] => {
    // That there is none is said.
    if (answer.id === "table" && table.state === "missing") return [arrow(answer.hint)];
    return [": ", said(answer), arrow(answer.hint)];
  });
  return [{ text: table.state, tone }, parts.map((part) => `, ${part}`).join(""), ...why];
}

function preloadCell({ list, libraries }: SetupFacts, time: number, answer: HostAnswer | undefined): Line {
  if (answer === undefined) return "–";
  if (answer.state !== "good") return [said(answer), arrow(answer.hint)];
  const named = !isUnseen(list) && list.namesShim;
  const span = named && list.since !== undefined ? spanText(time - list.since) : undefined;
  const abis = libraries.filter(({ state }) => state === "current" || state === "differs").map(({ abi }) => abi);
  const parts = [
    ...(span === undefined ? [] : [`, for ${span}`]),
    ...(abis.length === 0 ? [] : [`, ${abis.join(" and ")}`]),
  ];
  return [said(answer), parts.join("")];
}

function row(answer: HostAnswer, { libraries }: SetupFacts): Row {
  const library = libraries.find(({ abi }) => answer.id === `library-${abi}`);
  const ofAnswer = answer.id === ABOUT_HOLDS ? HOLD_FILE : "–";
  const [name, place] = library === undefined ? [answer.id, ofAnswer] : [`library ${library.abi}`, library.path];
  return [name, place, [said(answer), arrow(answer.hint)]];
}

const TONES = { good: "good", bad: "bad", unknown: "warn" } as const;

function said({ answer, state }: HostAnswer): Span {
  return { text: answer, tone: TONES[state] };
}
