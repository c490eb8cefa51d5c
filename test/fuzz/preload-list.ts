// The preload list: our entry goes in and comes out without a trace, and all other names are loaded as before. And what
// ld.so itself, started with lists of these, says that it tries to load is what the reader says.
import { spawnSync } from "node:child_process";
import path from "node:path";
import process from "node:process";
import fc from "fast-check";
import { conflictsNamed } from "../../src/core/preload-list/conflicts.ts";
import { listText, loadedNames } from "../../src/core/preload-list/loaded.ts";
import { READABLE, takeModeMark, withModeMark } from "../../src/core/preload-list/mode-mark.ts";
import { withEntry } from "../../src/core/preload-list/with-entry.ts";
import { withoutEntry } from "../../src/core/preload-list/without-entry.ts";
import { ENTRY, printableList } from "../core/preload-list-lists.ts";
import { corpus } from "./corpus.ts";
import { mutated } from "./mutate.ts";
import { type FuzzTarget, insist, shownBytes } from "./target.ts";

const WORDS = ["#", "#", "\n", "\n", " ", "\t", ":", "\0", "a", "/none/b.so", ENTRY, `# ${ENTRY}\n`, ENTRY.slice(5)];
const samples = corpus("preload-list");

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, at) => name === b[at]);
}

/** Loads as before, and gives back what it was made from, where it could be made. */
function checkModeMark(list: Uint8Array, added: number): void {
  const marked = withModeMark(list, ENTRY, added);
  insist(same(loadedNames(marked), loadedNames(list)), () => `marked there are ${JSON.stringify(loadedNames(marked))}`);
  if (marked === list) return;
  const back = takeModeMark(marked, ENTRY);
  insist(
    back.added === added && Buffer.compare(back.bytes, list) === 0,
    () => `of mode ${added.toString(8)} came back ${back.added.toString(8)} and ${shownBytes(back.bytes)}`,
  );
}

function check(list: Buffer): void {
  const read = takeModeMark(list, ENTRY);
  insist((read.added & ~READABLE) === 0 && same(loadedNames(read.bytes), loadedNames(list)), () => "a mark of no mode");
  const names = loadedNames(list);
  insist(
    names.every((name) => name !== "" && !/[\0\n\t :]/.test(name)),
    () => `no name can be: ${JSON.stringify(names)}`,
  );
  for (const { name, line, column } of conflictsNamed(list, ENTRY)) {
    const there = listText(list)
      .split("\n")
      [line - 1]?.slice(column - 1);
    insist(there?.startsWith(name) === true, () => `a stranger is not where it is said to be: ${line}:${column}`);
  }
  const others = names.filter((name) => name !== ENTRY);
  const without = withoutEntry(list, ENTRY);
  const left = without === undefined ? [] : loadedNames(without);
  insist(same(left, others), () => `without the entry there are ${JSON.stringify(left)}`);

  const placed = withEntry(list, ENTRY);
  if (placed.outcome === "no place") {
    insist(list.includes(0), () => "no place, though there is no NUL");
    return;
  }
  for (const added of [0o400, 0o040, 0o004, 0o044, READABLE]) checkModeMark(placed.bytes, added);
  const now = loadedNames(placed.bytes);
  insist(now.filter((name) => name === ENTRY).length === 1, () => `not there once: ${JSON.stringify(now)}`);
  insist(
    same(
      now.filter((name) => name !== ENTRY),
      others,
    ),
    () => `with the entry there are ${JSON.stringify(now)}`,
  );
  if (names.includes(ENTRY)) return;
  const back = withoutEntry(placed.bytes, ENTRY);
  insist(back !== undefined && list.equals(back), () => `it came back as ${back && shownBytes(back)}`);
}

const PRINTABLE = /^[\0\t\n -~]*$/;

/** One name for each line of ld.so's that says that it could not load it. */
function checkSome(lists: readonly Buffer[]): void {
  // What is no text would be shown by ld.so in other bytes than it has, and '$' stands for something to it.
  const some = lists.filter((list) => list.length <= 4000 && PRINTABLE.test(listText(list)));
  const asked = some.map((list) => {
    const head = Buffer.alloc(4);
    head.writeUInt32LE(list.length);
    return Buffer.concat([head, list]);
  });
  const program = path.join(process.cwd(), ".cache", "fuzz", "ld-so");
  const args = ["--map-root-user", "--mount", program];
  const { stdout, stderr, status, error } = spawnSync("unshare", args, {
    input: Buffer.concat(asked),
    maxBuffer: 2 ** 28,
  });
  insist(status === 0 && error === undefined, () => `ld.so could not be asked: ${error?.message ?? stderr}`);
  let at = 0;
  for (const list of some) {
    const length = stdout.readUInt32LE(at);
    const lines = stdout.toString("latin1", at + 4, at + 4 + length).split("\n");
    at += 4 + length;
    const tried = lines.flatMap((line) => /^ERROR: ld\.so: object '(.*)' from /s.exec(line)?.[1] ?? []);
    insist(lines.length === tried.length + 1, () => `ld.so says something else: ${lines.join("\n")}`);
    const names = loadedNames(list);
    insist(same(tried, names), () => `${shownBytes(list)}\nld.so: ${tried}\nours:  ${names}`);
  }
  insist(at === stdout.length && some.length > lists.length / 10, () => `${some.length} of ${lists.length} were asked`);
}

export const target: FuzzTarget<Buffer> = {
  seeds: samples.length,
  cases: fc.oneof(
    mutated(samples, WORDS),
    printableList.map((text) => Buffer.from(text, "latin1")),
  ),
  check,
  checkSome,
  show: shownBytes,
};
