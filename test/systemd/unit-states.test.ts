// What systemd is asked of the units it has loaded: those that are there or run, in whatever state, and no others.
import { describe, expect, test } from "vitest";
import { fromShow, present } from "../../src/core/systemd/from-show.ts";
import { named } from "../support/can.ts";
import { bootGuest } from "../support/guest/guest.ts";
import { noGuest } from "../support/guest/support.ts";
import { NODE, STAGE } from "../support/stage/stage.ts";
import { withGuest } from "./fresh.ts";

const reason = noGuest();

const RUNS = "[Service]\nExecStart=/bin/sleep 1000\n";
const UNITS = {
  "gone.service": RUNS,
  "failed.service": "[Unit]\nWants=never.service\n[Service]\nType=oneshot\nExecStart=/bin/false\n",
  "bad.service": "[Service]\nRestart=always\n",
  "waits.service": "[Service]\nExecStart=/bin/true\nExecStartPost=/bin/sleep 1000\n",
  "asleep.service": RUNS,
  "wants.service": `[Unit]\nWants=never.service asleep.service masked.service bad.service\n${RUNS}`,
};

const SHOWN = `import { showLoadedUnits } from "${STAGE}/dist/system/host/systemd.js";
import { PRESENT_STATES } from "${STAGE}/dist/core/systemd/unit.js";
console.log(showLoadedUnits(["Id", "LoadState", "ActiveState"], PRESENT_STATES).output);`;

describe.skipIf(reason !== undefined)(named("units that systemd has loaded", reason), () => {
  test("are asked for in each state but that of one that is neither there nor running", {
    timeout: 300_000,
  }, async () => {
    const files = Object.entries(UNITS).map(([name, text]) => [`/etc/systemd/system/${name}`, text]);
    await withGuest(bootGuest({ files: Object.fromEntries(files) }), async (guest) => {
      await guest.output(
        `systemctl --quiet mask masked.service; systemctl start gone wants; systemctl start failed || :
systemctl start --no-block waits; rm /etc/systemd/system/gone.service; systemctl daemon-reload`,
        { timeout: 120_000 },
      );
      const all = fromShow(
        await guest.output("systemctl show --all --property=Id,LoadState,ActiveState '*.service' '*.socket'"),
      );
      const asked = fromShow(
        await guest.output(`${NODE} --input-type=module --eval "$1"`, { args: [SHOWN], timeout: 60_000 }),
      );
      const states = (units: typeof all): readonly string[] =>
        units.map(({ id, loadState, activeState }) => `${id} ${loadState} ${activeState}`).sort();
      expect(states(asked)).toEqual(states(present(all)));
      expect(states(asked)).toEqual(
        expect.arrayContaining([
          "asleep.service loaded active",
          "bad.service bad-setting inactive",
          "failed.service loaded failed",
          "gone.service not-found active",
          "masked.service masked inactive",
          "waits.service loaded activating",
        ]),
      );
      // The control: there is one to be left out.
      expect(states(all)).toContain("never.service not-found inactive");
      expect(states(asked).join()).not.toContain("never.service");
    });
  });
});
