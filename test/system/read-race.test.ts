// What is opened is what was looked at: not what somebody puts in its place in between, which opening might act upon.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, fstatSync, openSync, statSync } from "node:fs";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { withFile } from "../../src/observe/processes/read-mapped-file.ts";
import { isFault, readRegularFile } from "../../src/system/files/read-file.ts";
import { scratch } from "../support/cli.ts";
import { compileC } from "../support/compile-c.ts";

const SWAP = compileC("test/system/swap-places.c");
/** How often the control has to lose the race; who looks in the right way does so as often as the control had to. */
const LOST = 20;
const folder = scratch();
const file = path.join(folder, "place", "file");
let tries = 6000;
let isOpened = false;
let stop = async (): Promise<void> => {};

beforeAll(async () => {
  const made = "mkdir place other && echo text >place/file && mkfifo other/file";
  expect(spawnSync("sh", ["-c", made], { cwd: folder }).status).toBe(0);
  const child = spawn(SWAP, ["place", "other", "file"], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
  // Both of its processes have the pipe: it is closed when neither moves anything any more.
  stop = async () => {
    const closed = once(child, "close");
    child.kill("SIGKILL");
    await closed;
  };
  await new Promise((resolve) => {
    child.stdout.on("data", (said: Buffer) => {
      isOpened ||= String(said).includes("opened");
      resolve(said);
    });
  });
});
afterAll(() => stop());

/** Looks until `isEnough`, and says whether the FIFO was opened meanwhile. */
async function opensIt(look: () => void, isEnough: (looked: number) => boolean): Promise<boolean> {
  isOpened = false;
  for (let looked = 0; !isEnough(looked); looked += 1) {
    look();
    if (looked % 500 === 0) await setTimeout(1);
  }
  await setTimeout(100);
  return isOpened;
}

// First, since on a machine that has much else to do the two places change seldom, and it takes more tries.
test("a look and an opening by name may be of two files (control)", async () => {
  let [looks, lost] = [0, 0];
  const look = (): void => {
    looks += 1;
    try {
      if (!statSync(file).isFile()) return;
      const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
      if (!fstatSync(fd).isFile()) lost += 1;
      closeSync(fd);
    } catch {
      // In between neither name may be there.
    }
  };
  const end = Date.now() + 90_000;
  expect(await opensIt(look, () => lost >= LOST || Date.now() > end)).toBe(true);
  expect(lost).toBe(LOST);
  tries = Math.max(tries, looks);
}, 120_000);

test("a file of root's or of another process is opened only as the file that it was", async () => {
  const seen = { text: 0, other: 0 };
  const read = (): void => {
    const found = readRegularFile(file, 1024);
    if (isFault(found)) seen.other += 1;
    else if (String(found.bytes) === "text\n") seen.text += 1;
  };
  expect(await opensIt(read, (looked) => looked >= tries && Math.min(seen.text, seen.other) > 0)).toBe(false);
  const mapped = (): void => void withFile(file, false, (open) => open.read(0, 4));
  expect(await opensIt(mapped, (looked) => looked >= tries)).toBe(false);
}, 300_000);
