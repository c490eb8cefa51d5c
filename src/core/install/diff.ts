// A planned change as a unified diff, for people to read before it happens.
import { octal } from "../text.ts";
import type { Change } from "./change.ts";

/** `sign`: what the line is about. */
export interface DiffLine {
  readonly sign: "head" | "place" | "same" | "added" | "removed";
  readonly text: string;
}

/** `nowhere`: what stands for a file that does not exist, /dev/null by custom. */
export function diffOf(change: Change, nowhere: string): readonly DiffLine[] {
  switch (change.kind) {
    case "make-folder":
      return [head(`+ folder '${change.path}'`)];
    case "make-link":
      return [head(`+ link '${change.path}' to '${change.target}'`)];
    case "remove-folder":
      return [head(`- folder '${change.path}', if nothing else is in it`)];
    case "write-table":
      return [head(`~ table '${change.path}'`), ...change.text.map((text) => signed(text))];
    case "remove-table":
      return [head(`- table '${change.path}'`)];
    case "set-value":
      return [
        head(`~ kernel '${change.path}'`),
        { sign: "removed", text: `-${change.old}` },
        { sign: "added", text: `+${change.value}` },
      ];
    case "remove":
      return change.old === undefined
        ? [head(`- link '${change.path}'`)]
        : fileDiff(change.path, change.old, undefined, "", nowhere);
    case "write-file":
      return fileDiff(
        change.path,
        change.old,
        change.bytes,
        `mode ${octal(change.mode)}`,
        nowhere,
        change.oldMode === undefined ? [] : [`old mode ${octal(change.oldMode)}`, `new mode ${octal(change.mode)}`],
      );
    default:
      return change satisfies never;
  }
}

function head(text: string): DiffLine {
  return { sign: "head", text };
}

function signed(text: string): DiffLine {
  return { sign: text.startsWith("+") ? "added" : "removed", text };
}

/** Lines shown around a change. */
const CONTEXT = 3;

function fileDiff(
  path: string,
  old: Uint8Array | undefined,
  bytes: Uint8Array | undefined,
  mode: string,
  nowhere: string,
  modes: readonly string[] = [],
): readonly DiffLine[] {
  const heads = [
    ...modes.map(head),
    head(`--- ${old === undefined ? nowhere : path}`),
    head(`+++ ${bytes === undefined ? nowhere : path}`),
  ];
  const one = old ?? new Uint8Array();
  const other = bytes ?? new Uint8Array();
  if (isText(one) && isText(other)) {
    const lines = hunk(linesOf(one), linesOf(other));
    // Where the bytes stay, it is the mode that changes.
    return [...heads, ...(lines.length > 0 || mode === "" ? lines : [inParentheses([mode])])];
  }
  const size = bytes === undefined ? "" : `${bytes.length} bytes, ${mode}`;
  const was = old === undefined ? "" : `${old.length} bytes`;
  return [...heads, inParentheses([was, size])];
}

function inParentheses(parts: readonly string[]): DiffLine {
  return { sign: "place", text: `(${parts.filter((part) => part !== "").join(" -> ")})` };
}

/** Larger texts are programs: nobody reads them in a diff. */
const TEXT_LIMIT = 16 * 1024;

function isText(bytes: Uint8Array): boolean {
  return bytes.length <= TEXT_LIMIT && !bytes.includes(0);
}

function linesOf(bytes: Uint8Array): readonly string[] {
  const text = Buffer.from(bytes).toString("latin1");
  if (text === "") return [];
  const lines = text.split("\n");
  const last = lines.pop() ?? "";
  return last === "" ? lines : [...lines, `${last}\n\\ no newline at end of file`];
}

/** One hunk from the first difference to the last. */
function hunk(old: readonly string[], now: readonly string[]): readonly DiffLine[] {
  const least = Math.min(old.length, now.length);
  let start = 0;
  while (start < least && old[start] === now[start]) start += 1;
  let end = 0;
  while (end < least - start && old.at(-1 - end) === now.at(-1 - end)) end += 1;
  if (start === old.length && start === now.length) return [];
  const from = Math.max(0, start - CONTEXT);
  const after = Math.min(end, CONTEXT);
  const before = old.slice(from, start).map((text): DiffLine => ({ sign: "same", text: ` ${text}` }));
  const rest = old
    .slice(old.length - end, old.length - end + after)
    .map((text): DiffLine => ({ sign: "same", text: ` ${text}` }));
  const removed = old.slice(start, old.length - end).map((text): DiffLine => ({ sign: "removed", text: `-${text}` }));
  const added = now.slice(start, now.length - end).map((text): DiffLine => ({ sign: "added", text: `+${text}` }));
  const range = (count: number): string => `${count === 0 ? from : from + 1},${count}`;
  const counts = [removed.length, added.length].map((count) => count + before.length + rest.length);
  const place: DiffLine = { sign: "place", text: `@@ -${range(counts[0] ?? 0)} +${range(counts[1] ?? 0)} @@` };
  return [place, ...before, ...removed, ...added, ...rest].flatMap(({ sign, text }) =>
    text.split("\n").map((line) => ({ sign, text: line })),
  );
}
