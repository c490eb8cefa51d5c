// reclaim on a booted guest: the owner's unit is restarted, and then it has its port beside the thief, or it is said that it has not.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { bootGuest, type Guest } from "../support/guest/guest.ts";
import { noGuest } from "../support/guest/support.ts";
import { built, THIEF_PID } from "../support/sandbox.ts";
import { schemaFaults } from "../support/schema.ts";
import { MAIN, NODE } from "../support/stage/stage.ts";

const reason = noGuest();
const TAKE = compileC("test/commands/reclaim-thief.c");
const service = (command: string): string => `[Service]\nExecStart=${command}\n`;
const thief = (name: string, pid: number): string =>
  `${service(`${built.pidexec} --pid ${pid} -- ${TAKE} bound /run/stop`)}StandardOutput=file:/run/${name}\n`;
/** Asks for 700 first. */
const OTHER_PID = 51 * 424 + 100;

describe.skipIf(reason !== undefined)(named("reclaim --restart-owner", reason), () => {
  let guest: Guest;
  beforeAll(async () => {
    guest = await bootGuest({
      files: {
        "/etc/portreserve/printer": "631/tcp\n",
        "/etc/portreserve/stubborn": "700/tcp\n",
        "/etc/bindresvport.blacklist": "",
        "/usr/local/lib/printer.js": 'require("node:net").createServer().listen(631, "0.0.0.0");\n',
        "/etc/systemd/system/printer.service": service(`${NODE} /usr/local/lib/printer.js`),
        // Binds without SO_REUSEADDR.
        "/etc/systemd/system/stubborn.service": service(
          `${built.probe} --symbol bind --port 700 --protocol tcp --hold`,
        ),
        "/etc/systemd/system/thief.service": thief("thief", THIEF_PID),
        "/etc/systemd/system/other.service": thief("other", OTHER_PID),
      },
    });
    await guest.output(
      "systemctl start thief other; until grep -q has /run/thief && grep -q has /run/other; do sleep 0.02; done",
    );
  });
  afterAll(() => guest?.stop());

  const ctl = async (...args: readonly string[]) => await guest.run('exec "$@"', { args: [NODE, MAIN, ...args] });
  const state = async (unit: string): Promise<string> =>
    (await guest.output(`systemctl show --property=ActiveState,MainPID --value ${unit}`)).trim();

  test("restarts the owner, which has the port then, and the thief goes on", async () => {
    await guest.output(
      "systemctl start printer; timeout 20 sh -c 'until systemctl is-failed -q printer; do sleep 0.05; done'",
    );
    expect(await state("printer")).toMatch(/failed$/);
    const before = await state("thief");
    const { status, stdout, stderr } = await ctl("reclaim", "printer", "--restart-owner");
    expect([status, stdout.split("\n").slice(1), stderr]).toEqual([
      0,
      [
        expect.stringMatching(/^shared: 631\/tcp by 'reclaim-thief-[^']*' 21655, whose connections go on$/),
        "restarted: 'printer.service'",
        "631/tcp is its owner's again",
        "",
      ],
      expect.stringContaining("note: 631/tcp can be taken again while its owner is down\n"),
    ]);
    expect([await state("printer"), await state("thief")]).toEqual([expect.stringMatching(/active$/), before]);
    expect(JSON.parse((await ctl("lookup", "631/tcp", "--json")).stdout).ports[0].holders).toContainEqual(
      expect.objectContaining({ verdict: "owner", unit: "printer.service", state: "listening" }),
    );
  });

  test("says so where the owner does not have it even then, since it does not share", async () => {
    const { status, stdout, stderr } = await ctl("reclaim", "700/tcp", "--restart-owner", "--json");
    expect([status, stderr]).toEqual([1, ""]);
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({
      restarted: ["stubborn.service"],
      ports: [{ port: 700, units: ["stubborn.service"], result: "reclaimed", ownerHasIt: false }],
      messages: [
        { severity: "note" },
        { severity: "error", message: expect.stringContaining("its owner does not have it") },
      ],
    });
    expect(schemaFaults("reclaim", document)).toEqual([]);
  });
});
