// The thread that fuzzes: time that is up before a round's first case is no finding.

import { once } from "node:events";
import path from "node:path";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";

/** What the thread says of late.mjs after so many seconds. */
async function fuzzed(seconds: number): Promise<unknown> {
  const file = path.resolve(import.meta.dirname, "late.mjs");
  const progress = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(new URL("../../scripts/fuzz/worker.mjs", import.meta.url), {
    workerData: { file, seconds, seed: 1, progress },
  });
  const [message] = (await once(worker, "message")) as [unknown];
  await worker.terminate();
  return message;
}

test("finds nothing where there is no time for a case, and what fails where there is", async () => {
  expect(await fuzzed(0.1)).not.toHaveProperty("found");
  expect(await fuzzed(60)).toMatchObject({ found: expect.stringContaining("Error: the third case") });
});
