// The same blacklist through libtirpc itself: what it leaves alone is what we reserve.
import path from "node:path";
import { describe, expect, test } from "vitest";
import { runInSandbox } from "../../src/system/sandbox/sandbox.ts";
import { sandboxSupport } from "../../src/system/sandbox/sandbox-support.ts";
import { BLACKLIST, BLACKLIST_PORTS } from "../core/blacklist-sample.ts";
import { named } from "../support/can.ts";
import { libtirpc, noLibtirpc } from "../support/rpc-libraries.ts";
import { noSandbox } from "../support/sandbox.ts";
import { stagedNatives } from "../support/stage/stage.ts";

const support = await sandboxSupport();
const obstacle = (await noSandbox()) ?? noLibtirpc();

/** The ports of 512 to 1023 that libtirpc does not hand out, taking all it gives, with this blacklist. */
async function leftAlone(blacklist: Uint8Array | string): Promise<number[]> {
  if (!support.works) throw new Error(support.reason);
  const result = await runInSandbox(support.kind, {
    script: 'LD_PRELOAD="$LIBTIRPC" "$PROBE" --symbol bindresvport_sa --exhaust',
    etc: { "bindresvport.blacklist": blacklist },
    environment: { LIBTIRPC: libtirpc ?? "", PROBE: path.join(stagedNatives(), "portreserve-probe") },
  });
  if (result.outcome !== "ended" || result.stderr !== "") throw new Error(JSON.stringify(result));
  const answers = result.stdout.trim().split("\n");
  expect(answers.pop()).toBe('{"error":"EADDRINUSE"}');
  const taken = new Set(answers.map((line) => (JSON.parse(line) as { port: number }).port));
  return Array.from({ length: 512 }, (_, index) => 512 + index).filter((port) => !taken.has(port));
}

describe.skipIf(obstacle !== undefined)(named("libtirpc's blacklist", obstacle), () => {
  test("leaves no port alone when the file is empty", async () => {
    expect(await leftAlone("")).toEqual([]);
  });

  test("leaves alone exactly the ports that we take from the same file", async () => {
    expect(await leftAlone(BLACKLIST)).toEqual(BLACKLIST_PORTS);
  });
});
