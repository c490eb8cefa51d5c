// The allocators for a person before a terminal: those with one verdict and one reason below it, and what helps once.
import { groupsOf, unique } from "../../core/text.ts";
import type { Allocator } from "../../coverage/coverage.ts";
import type { Block, Line } from "../../report/types.ts";
import { arrow, fewOf, VERDICT_TONES } from "./words.ts";

/** How many rows, and how many names of programs that do not run, there are below a verdict. */
const MOST_ROWS = 15;
const MOST_PIDS = 4;
const MOST_FUNCTIONS = 2;

/** One block, so that all groups have the same columns. */
export function allocatorGroups(allocators: readonly Allocator[]): Block {
  const rows = alikeAllocators(allocators).flatMap(rowsOf);
  const hasColumns = rows.some((row) => row.length === WHOLE_ROW);
  return { kind: "columns", ...(hasColumns ? { heading: ["", "ALLOCATOR", "PID", "VIA"] } : {}), rows };
}

/** Those with one verdict, one reason, and a cure that can be said once. */
export function alikeAllocators(allocators: readonly Allocator[]): readonly (readonly [Allocator, ...Allocator[]])[] {
  return groupsOf(allocators, ({ verdict, reason, hint }) => JSON.stringify([verdict, reason, kindOf(hint)]));
}

const WHOLE_ROW = 4;

function rowsOf(group: readonly [Allocator, ...Allocator[]]): readonly (readonly Line[])[] {
  const [{ verdict, reason }] = group;
  const running = groupsOf(
    group.filter(({ kind }) => kind !== "program"),
    ({ kind, name, via }) => JSON.stringify([kind, name, via]),
  );
  const idle = unique(group.filter(({ kind }) => kind === "program").map(({ name }) => name));
  const more = running.slice(MOST_ROWS).flat();
  return [
    [[{ text: verdict, tone: VERDICT_TONES[verdict] }, reason === undefined ? "" : `: ${reason}`]],
    ...running.slice(0, MOST_ROWS).map(row),
    ...(more.length === 0 ? [] : [["", `${more.length} more; --verbose lists them`]]),
    ...(idle.length === 0 ? [] : [["", "once started", fewOf(idle, MOST_ROWS)]]),
    ...curesOf(group).map((cure): readonly Line[] => ["", [arrow(cure)]]),
  ];
}

function row(alike: readonly [Allocator, ...Allocator[]]): readonly Line[] {
  const [{ name, via }] = alike;
  const pids = alike.flatMap(({ pid }) => (pid === undefined ? [] : [String(pid)]));
  return [
    "",
    name,
    pids.length === 0 ? "–" : fewOf(pids, MOST_PIDS),
    via.length === 0 ? "–" : fewOf(via, MOST_FUNCTIONS),
  ];
}

const RESTART = /^((?:sudo )?systemctl restart) (\S+)$/;

/** Those that can be said in one command are of one kind. */
function kindOf(hint: string | undefined): string | undefined {
  return hint?.replace(RESTART, "$1");
}

/** What helps them; restarts of several units are one command. */
export function curesOf(group: readonly Allocator[]): readonly string[] {
  const hints = unique(group.flatMap(({ hint }) => hint ?? []));
  const units = hints.map((hint) => RESTART.exec(hint)?.[2]);
  const [first = ""] = hints;
  return units.length > 1 && units.every((unit) => unit !== undefined)
    ? [`${kindOf(first)} ${units.join(" ")}`]
    : hints;
}
