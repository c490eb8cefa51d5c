// The cure for one service whose library is broken, with a real systemd.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DROP_IN_NAME, dropInText } from "../../src/core/systemd/drop-in.ts";
import { named } from "../support/can.ts";
import { bootGuest, type Guest } from "../support/guest/guest.ts";
import { noGuest } from "../support/guest/support.ts";
import { type Broken, LIBRARY, libraries } from "./broken-libraries.ts";
import { cure } from "./page.ts";

const reason = noGuest();
const UNIT = "needs-a-library.service";
const FOLDER = "/etc/systemd/system";

describe.skipIf(reason !== undefined)(named("one service", reason), () => {
  let guest: Guest;
  beforeAll(async () => {
    const unit = "[Service]\nType=oneshot\nExecStart=/bin/true\n";
    guest = await bootGuest({ files: { [`${FOLDER}/${UNIT}`]: unit } });
  });
  afterAll(() => guest?.stop());

  test.each([
    ["is cut short", /Main PID: \d+ \(code=(killed|dumped), signal=SEGV\)/],
    ["lacks a function", /Main PID: \d+ \(code=exited, status=127\)/],
  ] as const satisfies readonly (readonly [Broken, RegExp])[])(
    "whose library %s fails, other programs run, and without the drop-in it works",
    async (library, shown) => {
      await guest.write(LIBRARY, libraries[library]());
      await guest.write(`${FOLDER}/${UNIT}.d/${DROP_IN_NAME}`, dropInText({ preload: undefined, shim: LIBRARY }));
      const broken = await guest.run(`systemctl daemon-reload; systemctl start ${UNIT}`);
      expect(broken.status).toBe(1);
      expect((await guest.run(`systemctl status ${UNIT}`)).stdout).toMatch(shown);
      expect(await guest.run(`set -e\n${cure("service", { UNIT })}`)).toMatchObject({
        status: 0,
        stdout: "",
        stderr: "",
      });
      expect(await guest.output(`systemctl show -P Result ${UNIT}; ls ${FOLDER}/${UNIT}.d`)).toBe("success\n");
    },
  );
});
