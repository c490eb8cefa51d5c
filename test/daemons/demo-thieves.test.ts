// Every real daemon that the demo may cast, since on one machine it only ever shows the first.
import { describe, expect, test } from "vitest";
import { pidAskingFirstFor } from "../../src/commands/demo/first-port.ts";
import { playScene, THIEVES, type Thief } from "../../src/commands/demo/run-scene.ts";
import { judgeScene, readScene } from "../../src/commands/demo/scene.ts";
import { named, skipReason } from "../support/can.ts";
import { built, tableOf } from "../support/sandbox.ts";

const reason = skipReason(
  "root",
  { program: "rpcbind", package: "rpcbind" },
  { program: "rpc.statd", package: "nfs-common" },
  { program: "ypserv", package: "ypserv" },
);

describe.skipIf(reason !== undefined)(named("the demo's daemon", reason), () => {
  const play = async (thief: Thief, preload: string | undefined) => {
    const etc = { "portreserve.table": tableOf(631) };
    const pid = pidAskingFirstFor(631);
    const rest = { holder: undefined, ownerShares: false };
    return readScene(await playScene({ kind: "root", thief, pid, port: 631, preload, etc, ...rest }));
  };
  const judged = async (thief: Thief, preload: string | undefined) => {
    const result = await play(thief, preload);
    if (result.kind === "failed") throw new Error(result.reason);
    const verdict = judgeScene(result.scene, 631, { tcp: [631], udp: [631] });
    return {
      stolen: verdict.stolen.length > 0,
      ownerServed: verdict.ownerServed,
      answers: result.scene.answers.every((line) => line.endsWith("ready and waiting")) && result.scene.answers.length,
    };
  };

  test.each(THIEVES.filter(({ daemon }) => daemon))(
    "$name steals without the shim, and serves without stealing with it",
    async (thief) => {
      const answers = thief.name === "ypserv" ? 2 : 1;
      expect(await judged(thief, undefined)).toEqual({ stolen: true, ownerServed: false, answers });
      expect(await judged(thief, built.shim)).toEqual({ stolen: false, ownerServed: true, answers });
    },
  );

  test("that the machine lacks, or that ends at once, is passed over with the reason", async () => {
    const [statd] = THIEVES;
    expect(await play({ ...statd, programs: ["no-such-daemon"] }, undefined)).toEqual({
      kind: "failed",
      reason: "this machine has no 'no-such-daemon'",
    });
    expect(await play({ ...statd, overlays: ["/no/such"] }, undefined)).toEqual({
      kind: "failed",
      reason: "no folder '/no/such' on this host",
    });
    expect(await play({ ...statd, command: ["sh", "-c", "echo broken >&2; exit 1"] }, undefined)).toEqual({
      kind: "failed",
      reason: "it did not start; broken",
    });
  });
});
