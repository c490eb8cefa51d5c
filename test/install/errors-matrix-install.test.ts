// Whatever error the system answers to whichever call: install and uninstall end with a clear message, say what is left, and the next one completes. Errors take turns; PORTRESERVE_FULL=1 tries each at every call.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { judge } from "../support/fault/judge.ts";
import { runMatrix } from "../support/fault/matrix.ts";
import { everyError, PATIENCE } from "../support/fault/points.ts";
import { MANAGER, noScene } from "../support/fault/run-scene.ts";

const notHere = noScene();
const INSTALL = `${MANAGER} install`;
const UNINSTALL = `${MANAGER} uninstall`;
const CONFIGURE = "mkdir -p /etc/portreserve && echo 631 hold >/etc/portreserve/cups";

describe.skipIf(notHere !== undefined)(named("an error at each call", notHere), () => {
  test(
    "of install",
    async () => {
      const matrix = await runMatrix(
        { prepare: CONFIGURE, command: INSTALL, continuations: { install: INSTALL, uninstall: UNINSTALL } },
        everyError,
      );
      const { summary, failures } = judge("error matrix of install", matrix);
      console.log(summary);
      expect(failures).toEqual([]);
    },
    PATIENCE,
  );

  test(
    "of uninstall",
    async () => {
      const matrix = await runMatrix(
        {
          prepare: `${CONFIGURE} && ${INSTALL}`,
          command: UNINSTALL,
          continuations: { install: INSTALL, uninstall: UNINSTALL },
        },
        everyError,
      );
      const { summary, failures } = judge("error matrix of uninstall", matrix);
      console.log(summary);
      expect(failures).toEqual([]);
    },
    PATIENCE,
  );
});
