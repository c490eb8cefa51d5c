// install under real systemd names the services that run without the shim, and restarts them when it is asked to.
import { expect, test } from "vitest";
import { named } from "../support/can.ts";
import { bootGuest } from "../support/guest/guest.ts";
import { noGuest } from "../support/guest/support.ts";
import { schemaFaults } from "../support/schema.ts";
import { NODE, STAGE } from "../support/stage/stage.ts";
import { withGuest } from "./fresh.ts";
import { portOf, thiefUnit } from "./thief.ts";

const reason = noGuest();
const CTL = `${NODE} ${STAGE}/dist/main.js`;
const LONG = { timeout: 240_000 } as const;
const PORT = portOf("taker", 3000);

test.skipIf(reason !== undefined)(
  named("what runs since before install is named, and restarted with --restart", reason),
  { timeout: 900_000 },
  async () => {
    const booting = bootGuest({
      files: {
        "/etc/portreserve/cups": "631\n",
        "/etc/bindresvport.blacklist": "",
        "/etc/systemd/system/taker.service": thiefUnit(),
        "/etc/systemd/system/idle.service": "[Service]\nExecStart=/bin/sleep 1000\n",
      },
    });
    await withGuest(booting, async (guest) => {
      await guest.output("systemctl start taker idle");
      // The control: it has the reserved port, and keeps it as long as it runs.
      expect(await guest.output(PORT, LONG)).toBe('{"port":631}\n');
      const first = await guest.run(`${CTL} install`, LONG);
      expect([first.status, first.stdout]).toEqual([
        0,
        expect.stringContaining("not covered before a restart: taker.service → systemctl restart taker.service\n"),
      ]);
      expect(await guest.output(PORT, LONG)).toBe('{"port":631}\n');

      const { status, stdout, stderr } = await guest.run(`${CTL} install --restart`, LONG);
      expect([status, stderr]).toEqual([0, "portreservectl: note: restarting 'taker.service'\n"]);
      expect(stdout).toContain("restarted: 'taker.service'\nnothing that runs has to be restarted: ");
      expect(await guest.output(PORT, LONG)).toMatch(/^\{"port":(?!631\})\d+\}\n$/);
      const again = await guest.run(`${CTL} install --restart --json`, LONG);
      expect(schemaFaults("install", JSON.parse(again.stdout))).toEqual([]);
      expect(JSON.parse(again.stdout)).toMatchObject({
        result: "unchanged",
        restarts: { units: [], others: [], restarted: [] },
      });
      for (const more of ["--unit taker", "--root /srv"]) {
        expect((await guest.run(`mkdir -p /srv; ${CTL} install --restart ${more}`, LONG)).status).toBe(2);
      }
    });
  },
);
