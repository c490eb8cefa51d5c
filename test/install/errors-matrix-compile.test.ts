// Whatever error the system answers to whichever call: compile ends with a clear message, says what is left, and the next one completes.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { judge } from "../support/fault/judge.ts";
import { runMatrix } from "../support/fault/matrix.ts";
import { everyError } from "../support/fault/points.ts";
import { MANAGER, noScene } from "../support/fault/run-scene.ts";

const notHere = noScene();
const COMPILE = `${MANAGER} compile`;

describe.skipIf(notHere !== undefined)(named("compile", notHere), () => {
  test("with an old table", async () => {
    const matrix = await runMatrix(
      {
        prepare: `mkdir -p /etc/portreserve && echo 631 >/etc/portreserve/cups && ${COMPILE} && echo 873 >/etc/portreserve/rsyncd`,
        command: COMPILE,
        continuations: { compile: COMPILE },
      },
      everyError,
    );
    const { summary, failures } = judge("error matrix of compile", matrix);
    console.log(summary);
    expect(failures).toEqual([]);
  }, 300_000);

  test("with ports that are held, from then on others", async () => {
    const before = "mkdir -p /etc/portreserve && echo 631 hold >/etc/portreserve/cups";
    const matrix = await runMatrix(
      {
        prepare: `${before} && ${COMPILE} && echo 631 >/etc/portreserve/cups && echo 873 hold >/etc/portreserve/rsyncd`,
        command: COMPILE,
        continuations: { compile: COMPILE },
      },
      everyError,
    );
    const { summary, failures } = judge("error matrix of compile with held ports", matrix);
    console.log(summary);
    expect(failures).toEqual([]);
  }, 300_000);
});
