// After a run that was killed before it could flush a folder, the next one flushes it before anything relies on it.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { asNobody, scratch } from "../support/cli.ts";
import { FULL } from "../support/full.ts";
import { LIST, libraries } from "../support/host.ts";
import { MAIN, NODE } from "../support/stage/stage.ts";
import { imageOf, run, SYSTEMD } from "./image.ts";

type Verb = "install" | "uninstall";

/** By which names of files change, and by which the changes reach the disk. */
const CALLS = "rename,unlink,rmdir,mkdir,symlink,fsync";

/** The calls of the main thread, one a line; with `killedAt`, it ends as it makes that flush, counted from 1. */
function traced(verb: Verb, root: string, killedAt?: number): readonly string[] {
  const log = path.join(scratch(), "log");
  const inject = killedAt === undefined ? [] : ["-e", `inject=fsync:signal=SIGKILL:when=${killedAt}`];
  const command = [...asNobody, NODE, MAIN, verb, "--root", root];
  spawnSync("strace", ["-y", "-s", "4096", "-o", log, "-e", `trace=${CALLS}`, ...inject, ...command]);
  return readFileSync(log, "utf8")
    .split("\n")
    .map((line) => line.replaceAll(root, ""));
}

/** The folder whose flush the line is, done or not. */
function flushOf(line: string): string | undefined {
  return /^fsync\(\d+<([^>]*)>\)/.exec(line)?.[1];
}

/** What the line has made, replaced or removed; none for temporary files. */
function changedBy(line: string): string | undefined {
  if (!line.endsWith(" = 0")) return undefined;
  const name = /^(?:rename|unlink|mkdir|symlink|rmdir)\((?:"[^"]*", )?"([^"]*)"/.exec(line)?.[1];
  return name === undefined || path.basename(name).startsWith(".") ? undefined : name;
}

/** An empty folder that comes back harms nobody; the next uninstall removes it. */
const isRemovedFolder = (line: string): boolean => line.startsWith("rmdir(");

/** The names that were changed and would be lost in a power cut: after all lines, and before each change. */
function unflushed(lines: readonly string[]) {
  let names: readonly string[] = [];
  const before = new Map<string, readonly string[]>();
  for (const line of lines) {
    const folder = line.endsWith(" = 0") ? flushOf(line) : undefined;
    if (folder !== undefined) names = names.filter((name) => path.dirname(name) !== folder);
    const changed = changedBy(line);
    if (changed === undefined) continue;
    before.set(changed, names);
    // With a folder goes all that was in it.
    names = names.filter((name) => name !== changed && !name.startsWith(`${changed}/`));
    if (!isRemovedFolder(line)) names = [...names, changed];
  }
  return { atEnd: names, before };
}

/** Where a run makes the flush of a folder, counted among all its flushes from 1. */
function folderFlushes(lines: readonly string[]): readonly number[] {
  const flushes = lines.map(flushOf).filter((file) => file !== undefined);
  return flushes.flatMap((file, at) => (path.basename(file).endsWith(".tmp") ? [] : [at + 1]));
}

/** Kills a run at each flush of a folder; the next run must leave nothing to flush, and `judge` sees the calls of both. */
function killAtEachFlush(
  verb: Verb,
  prepare: () => string,
  judge: (before: ReturnType<typeof unflushed>["before"]) => void,
): void {
  const points = folderFlushes(traced(verb, prepare()));
  let dirty = 0;
  for (const point of points) {
    const root = prepare();
    const killed = traced(verb, root, point);
    const left = unflushed(killed).atEnd;
    dirty += left.length > 0 ? 1 : 0;
    const { atEnd, before } = unflushed([...killed, ...traced(verb, root)]);
    expect(atEnd, `${left} after a kill at flush ${point}`).toEqual([]);
    judge(before);
  }
  expect(dirty, "control: kills that leave something to flush").toBeGreaterThan(libraries.length + 1);
}

const noStrace = skipReason("strace");
const LIBRARIES = new Set(libraries);

/** With the units there are three times as many points; they are no other code. */
const FILES = FULL ? SYSTEMD : {};

test.skipIf(noStrace !== undefined)(
  named("install names nothing in the preload list before it is on the disk", noStrace),
  () => {
    killAtEachFlush(
      "install",
      () => imageOf(FILES),
      (before) => {
        const lost = before.get(LIST)?.filter((name) => LIBRARIES.has(name) || name === "/etc/portreserve.table");
        expect(lost).toEqual([]);
      },
    );
  },
  300_000,
);

test.skipIf(noStrace !== undefined)(
  named("uninstall removes nothing that the preload list still names on the disk", noStrace),
  () => {
    const prepare = (): string => {
      const root = imageOf(FILES);
      run("install", "--root", root);
      return root;
    };
    killAtEachFlush("uninstall", prepare, (before) => {
      for (const library of libraries) expect(before.get(library)).not.toContain(LIST);
    });
  },
  300_000,
);
