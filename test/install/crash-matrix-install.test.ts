// Killed before, in the middle of and after each call that changes a file, install leaves a host that works, and the next one completes.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { judge } from "../support/fault/judge.ts";
import { runMatrix } from "../support/fault/matrix.ts";
import { everyKill, PATIENCE } from "../support/fault/points.ts";
import { MANAGER, noScene } from "../support/fault/run-scene.ts";

const notHere = noScene();
const INSTALL = `${MANAGER} install`;
const UNINSTALL = `${MANAGER} uninstall`;
const CONFIGURE = "mkdir -p /etc/portreserve && echo 631 hold >/etc/portreserve/cups";

describe.skipIf(notHere !== undefined)(named("killed at each call", notHere), () => {
  test(
    "install",
    async () => {
      const matrix = await runMatrix(
        { prepare: CONFIGURE, command: INSTALL, continuations: { install: INSTALL, uninstall: UNINSTALL } },
        everyKill,
      );
      const { summary, failures } = judge("crash matrix of install", matrix);
      console.log(summary);
      expect(failures).toEqual([]);
    },
    PATIENCE,
  );

  test(
    "uninstall",
    async () => {
      const matrix = await runMatrix(
        {
          prepare: `${CONFIGURE} && ${INSTALL}`,
          command: UNINSTALL,
          continuations: { install: INSTALL, uninstall: UNINSTALL },
        },
        everyKill,
      );
      const { summary, failures } = judge("crash matrix of uninstall", matrix);
      console.log(summary);
      expect(failures).toEqual([]);
    },
    PATIENCE,
  );
});
