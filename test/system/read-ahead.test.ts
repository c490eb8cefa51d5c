// What another thread reads ahead answers once, as it was when it was read; and no process is called alive for it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { type AheadQuestion, native } from "../../src/core/native.ts";
import { beginProcesses, observeProcesses } from "../../src/observe/processes/read-processes.ts";
import { scratch } from "../support/cli.ts";
import { HOLD } from "../support/held.ts";

/** A folder with a link that says "before" and a file, of which these questions have been answered; the link now says "after". */
async function readAheadOf(questions: readonly AheadQuestion[]): Promise<string> {
  const folder = scratch();
  const link = path.join(folder, "link");
  mkdirSync(path.join(folder, "in"));
  writeFileSync(path.join(folder, "in/file"), "whole");
  // What is asked for before it is there is never there.
  for (let pause = 20; ; pause *= 2) {
    rmSync(link, { force: true });
    symlinkSync("before", link);
    native().readAhead([[[folder], questions]]);
    await setTimeout(pause);
    rmSync(link);
    symlinkSync("after", link);
    if (native().takeBatch(folder)) return folder;
  }
}

test("answers a question once, and is asked live from then on", async () => {
  const folder = await readAheadOf([["readLink", "link"]]);
  expect(native().readLink(`${folder}/link`)).toBe("before");
  expect(native().readLink(`${folder}/link`)).toBe("after");
});

test("answers that very question alone", async () => {
  const folder = await readAheadOf([["filesMarked", "in", "user.none", 0o400]]);
  rmSync(path.join(folder, "in/file"));
  expect(native().filesMarked(`${folder}/in`, 0o200, "user.none")).toEqual([]);
  expect(native().filesMarked(`${folder}/in`, 0o400, "user.other")).toEqual([]);
  expect(
    native()
      .filesMarked(`${folder}/in`, 0o400, "user.none")
      .map(({ name }) => name),
  ).toEqual(["file"]);
  expect(native().filesMarked(`${folder}/in`, 0o400, "user.none")).toEqual([]);
});

test("answers nothing any more once another folder is looked at, or none", async () => {
  for (const next of ["/no/such/folder", undefined]) {
    const folder = await readAheadOf([["readLink", "link"]]);
    expect(native().takeBatch(next)).toBe(false);
    expect(native().readLink(`${folder}/link`)).toBe("after");
  }
});

test.each([
  ["a refusal", ["readLink", "missing"]],
  ["a link that says something else", ["readLink", "link", "somewhere"]],
] as const)("asks nothing behind %s", async (_, first) => {
  const folder = await readAheadOf([first, ["readLink", "link"]]);
  native().readLink(`${folder}/${first[1]}`);
  expect(native().readLink(`${folder}/link`)).toBe("after");
});

test("goes on behind a link that says what it must (control)", async () => {
  const folder = await readAheadOf([
    ["readLink", "link", "before"],
    ["readSmall", "in/file"],
  ]);
  rmSync(path.join(folder, "in/file"));
  const buffer = Buffer.alloc(100);
  expect(buffer.toString("latin1", 0, native().readSmall(`${folder}/in/file`, buffer))).toBe("whole");
  expect(native().readSmall(`${folder}/in/file`, buffer)).toBeLessThan(0);
});

test("leaves what a buffer has no room for to be read again", async () => {
  const folder = await readAheadOf([["readSmall", "in/file"]]);
  expect(native().readSmall(`${folder}/in/file`, Buffer.alloc(5))).toBeLessThan(0);
});

test("an allocator that has ended since its files were read is no longer there", async () => {
  const [ending, staying] = await Promise.all([allocator(), allocator()]);
  beginProcesses();
  await setTimeout(300);
  ending.kill("SIGKILL");
  await once(ending, "exit");
  const { processes } = observeProcesses();
  const pids = processes.map(({ pid }) => pid);
  expect([pids.includes(ending.pid ?? 0), pids.includes(staying.pid ?? 0)]).toEqual([false, true]);
  staying.kill("SIGKILL");
});

async function allocator(): Promise<ReturnType<typeof spawn>> {
  const child = spawn(HOLD, [], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return child;
}
