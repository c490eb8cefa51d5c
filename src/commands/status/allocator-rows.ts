// The allocators in columns: alike ones in one row, and those that need no attention counted rather than listed.
import { counted, groupsOf } from "../../core/text.ts";
import type { Allocator } from "../../coverage/coverage.ts";
import type { Block, Line } from "../../report/types.ts";
import { allocatorGroups } from "../coverage/allocator-groups.ts";
import { arrow, fewOf, VERDICT_TONES } from "../coverage/words.ts";

/** How many rows of one verdict are shown without --verbose: the rest is counted. */
const MOST_ROWS = 15;
const MOST_PIDS = 2;
const MOST_FUNCTIONS = 2;

export function allocatorBlocks(allocators: readonly Allocator[], verbose: boolean): readonly Block[] {
  if (allocators.length === 0) {
    return [{ kind: "lines", lines: ["nothing that hands out privileged ports was found"] }];
  }
  if (verbose) return [columns(groups(allocators, true), true)];
  const [idle, listed] = [allocators.filter(isIdle), allocators.filter((one) => !isIdle(one))];
  return [
    { kind: "forms", screen: listed.length === 0 ? [] : [allocatorGroups(listed)], piped: rowBlocks(listed) },
    { kind: "lines", lines: idle.length === 0 ? [] : [idleLine(idle)], hang: 2 },
  ];
}

/** One row for each, so that a line tells all of it. */
function rowBlocks(listed: readonly Allocator[]): readonly Block[] {
  if (listed.length === 0) return [];
  const all = groups(listed, false);
  const shown = firstOfEach(all);
  return [columns(shown, false), { kind: "lines", lines: leftOut(all.filter((group) => !shown.includes(group))) }];
}

function columns(shown: readonly Group[], verbose: boolean): Block {
  const rows = shown.map((group) => row(group, verbose));
  return { kind: "columns", heading: ["ALLOCATOR", "PID", "VIA", "VERDICT"], rows };
}

/** It does not run, and will be covered when it does. */
function isIdle({ kind, verdict }: Allocator): boolean {
  return kind === "program" && verdict === "covered";
}

/** Never empty; all of them differ in their process alone. */
type Group = readonly [Allocator, ...Allocator[]];

function groups(allocators: readonly Allocator[], verbose: boolean): readonly Group[] {
  if (verbose) return allocators.map((one) => [one]);
  return groupsOf(allocators, ({ kind, name, via, verdict, reason, hint }) =>
    JSON.stringify([kind, name, via, verdict, reason, hint]),
  );
}

function firstOfEach(listed: readonly Group[]): readonly Group[] {
  const counts = new Map<string, number>();
  return listed.filter(([{ verdict }]) => {
    const count = (counts.get(verdict) ?? 0) + 1;
    counts.set(verdict, count);
    return count <= MOST_ROWS;
  });
}

function row(group: Group, verbose: boolean): readonly Line[] {
  const [{ name, via, verdict, reason, hint }] = group;
  const pids = group.map(({ pid }) => pid).filter((pid) => pid !== undefined);
  return [
    name,
    pids.length === 0 ? "–" : fewOf(pids.map(String), MOST_PIDS),
    via.length === 0 ? "–" : fewOf(via, verbose ? via.length : MOST_FUNCTIONS),
    [{ text: verdict, tone: VERDICT_TONES[verdict] }, reason === undefined ? "" : `: ${reason}`, arrow(hint)],
  ];
}

function leftOut(groupsLeft: readonly Group[]): readonly Line[] {
  return (["not covered", "unknown", "covered"] as const).flatMap((verdict) => {
    const count = groupsLeft
      .filter(([one]) => one.verdict === verdict)
      .reduce((sum, group) => sum + group.reduce((inner, one) => inner + one.count, 0), 0);
    if (count === 0) return [];
    return [[`${count} more: `, { text: verdict, tone: VERDICT_TONES[verdict] }, "; --verbose lists them"]];
  });
}

function idleLine(idle: readonly Allocator[]): Line {
  const count = counted(idle.length, "program that does not run now", "programs that do not run now");
  return [`${count}: `, { text: "covered", tone: "good" }, " when started"];
}
