// What is opened is what was looked at: not what somebody puts in its place in between, which opening might act upon.
import { spawn, spawnSync } from "node:child_process";
import { closeSync, constants, openSync, statSync } from "node:fs";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { withFile } from "../../src/observe/processes/read-mapped-file.ts";
import { isFault, readRegularFile } from "../../src/system/files/read-file.ts";
import { scratch } from "../support/cli.ts";
import { compileC } from "../support/compile-c.ts";

const SWAP = compileC("test/system/swap-places.c");
const TRIES = 6000;
const folder = scratch();
const file = path.join(folder, "place", "file");
let isOpened = false;
let stop = (): void => {};

beforeAll(async () => {
  const made = "mkdir place other && echo text >place/file && mkfifo other/file";
  expect(spawnSync("sh", ["-c", made], { cwd: folder }).status).toBe(0);
  const child = spawn(SWAP, ["place", "other", "file"], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
  stop = () => child.kill("SIGKILL");
  await new Promise((resolve) => {
    child.stdout.on("data", (said: Buffer) => {
      isOpened ||= String(said).includes("opened");
      resolve(said);
    });
  });
});
afterAll(() => stop());

/** Whether the FIFO was opened in so many tries. */
async function opensIt(look: () => void): Promise<boolean> {
  for (let tries = 0; tries < TRIES && !isOpened; tries += 1) {
    look();
    if (tries % 500 === 0) await setTimeout(1);
  }
  await setTimeout(100);
  return isOpened;
}

test("a file of root's or of another process is opened only as the file that it was", async () => {
  const seen = { text: 0, other: 0 };
  const read = (): void => {
    const found = readRegularFile(file, 1024);
    if (isFault(found)) seen.other += 1;
    else if (String(found.bytes) === "text\n") seen.text += 1;
  };
  expect(await opensIt(read)).toBe(false);
  expect(await opensIt(() => withFile(file, false, (open) => open.read(0, 4)))).toBe(false);
  // Both were there.
  expect(Math.min(seen.text, seen.other)).toBeGreaterThan(0);
});

test("a look and an opening by name may be of two files (control)", async () => {
  const read = (): void => {
    try {
      if (statSync(file).isFile()) closeSync(openSync(file, constants.O_RDONLY | constants.O_NONBLOCK));
    } catch {
      // In between neither name may be there.
    }
  };
  expect(await opensIt(read)).toBe(true);
});
