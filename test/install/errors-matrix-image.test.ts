// Killed or failed at each call, install, a change of what it gives, and uninstall of two services' drop-ins in an image complete when they run again. PORTRESERVE_FULL=1: with every error.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { IMAGE, makeImage } from "../support/fault/image.ts";
import { judge } from "../support/fault/judge.ts";
import { type Matrix, runMatrix, type Scenario } from "../support/fault/matrix.ts";
import { everyError, everyKill, PATIENCE } from "../support/fault/points.ts";
import { MANAGER, noScene } from "../support/fault/run-scene.ts";

const notHere = noScene();
const INSTALL = `${MANAGER} install --root ${IMAGE} --unit first second`;
const SWITCH = `${INSTALL} --high-ports`;
const UNINSTALL = `${MANAGER} uninstall --root ${IMAGE} --unit first second`;
const DROP_INS = ["first", "second"].map((name) => `${IMAGE}/etc/systemd/system/${name}.service.d/50-portreserve.conf`);

/** Two services, of which one preloads something of its own, and a reservation. */
const MADE = makeImage(`echo 631 >${IMAGE}/etc/portreserve/cups
printf '[Service]\\nExecStart=/usr/bin/first\\n' >first.service
printf '[Service]\\nExecStart=/usr/bin/second\\nEnvironment=LD_PRELOAD=libjemalloc.so.2\\n' >second.service`);

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  install: { prepare: MADE, command: INSTALL, continuations: { install: INSTALL, uninstall: UNINSTALL } },
  "install --high-ports over it": {
    prepare: `${MADE}${INSTALL}`,
    command: SWITCH,
    continuations: { install: SWITCH, uninstall: UNINSTALL },
  },
  uninstall: {
    prepare: `${MADE}${INSTALL}`,
    command: UNINSTALL,
    continuations: { install: INSTALL, uninstall: UNINSTALL },
  },
};

function dropInsAfter({ undisturbed }: Matrix): readonly boolean[] {
  return DROP_INS.map((name) => undisturbed.after.listing.get(name)?.startsWith("f ") ?? false);
}

describe.skipIf(notHere !== undefined)(named("of two services in an image", notHere), () => {
  test.each(Object.entries(SCENARIOS))(
    "%s",
    async (name, scenario) => {
      const killed = await runMatrix(scenario, everyKill);
      const failed = await runMatrix(scenario, everyError);
      const verdicts = [
        judge(`crash matrix of ${name} --unit`, killed),
        judge(`error matrix of ${name} --unit`, failed),
      ];
      for (const { summary } of verdicts) console.log(summary);
      expect(verdicts.flatMap(({ failures }) => failures)).toEqual([]);
      expect(dropInsAfter(killed)).toEqual(DROP_INS.map(() => name !== "uninstall"));
    },
    PATIENCE,
  );
});
