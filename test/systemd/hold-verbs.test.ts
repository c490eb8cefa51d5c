// hold and unhold on a booted system: a service and a socket unit keep their ports, and the holder's unit comes and goes with them.
import { describe, expect, test } from "vitest";
import { HOLDER_UNIT } from "../../src/system/paths.ts";
import { named } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { bootGuest } from "../support/guest/guest.ts";
import { noGuest } from "../support/guest/support.ts";
import { built } from "../support/sandbox.ts";
import { NODE, STAGE } from "../support/stage/stage.ts";
import { withGuest } from "./fresh.ts";

const reason = noGuest();
const CTL = `${NODE} ${STAGE}/dist/main.js`;
const TAKES = `${built.probe} --symbol bind --protocol tcp --port`;
const STATE = `systemctl is-enabled ${HOLDER_UNIT}; systemctl is-active ${HOLDER_UNIT}; true`;

describe.skipIf(reason !== undefined)(named("hold on a booted system", reason), () => {
  test("enables and starts the holder beside owners that run, and stops it once nothing is held", async () => {
    const owner = compileC("test/commands/port-owner.c");
    const files = {
      "/etc/portreserve/cups": "631/tcp\n",
      "/etc/bindresvport.blacklist": "",
      "/etc/systemd/system/cups.service": `[Service]\nExecStart=${owner} share tcp 631\n`,
      "/etc/systemd/system/old.service": `[Service]\nExecStart=${owner} alone tcp 701\n`,
      "/etc/systemd/system/printer.socket": "[Socket]\nListenStream=700\nAccept=yes\n",
      "/etc/systemd/system/printer@.service": "[Service]\nExecStart=/bin/true\n",
    };
    await withGuest(bootGuest({ files }), async (guest) => {
      const installed = await guest.run(`${CTL} install`);
      expect(installed).toMatchObject({ status: 0, stderr: "" });
      expect(await guest.output(STATE)).toBe("disabled\ninactive\n");
      const down = await guest.run(`${CTL} hold cups`);
      expect(down.status).toBe(5);
      expect(down.stderr).toContain("hint: run 'sudo systemctl start cups.service' and this again");

      await guest.output("systemctl start cups printer.socket old; until ss -Hltn | grep -q :701; do sleep 0.02; done");
      const lacks = await guest.run(`${CTL} hold cups 700/tcp 701/tcp`);
      expect(lacks.status).toBe(5);
      expect(lacks.stdout).toMatch(
        /\n701\/tcp {2}cannot be held: port-owner-\w+ \d+ \(old.service\) has no SO_REUSEADDR/,
      );
      expect(await guest.output(STATE)).toBe("disabled\ninactive\n");

      const held = await guest.run(`${CTL} hold cups 700/tcp`);
      expect(held).toMatchObject({ status: 0, stderr: "" });
      expect(held.stdout).toMatch(/^631\/tcp {2}can be held: port-owner-\w+ \d+ \(cups.service\) has SO_REUSEADDR\n/);
      expect(held.stdout).toContain("\n700/tcp  can be held: systemd for printer.socket has SO_REUSEADDR\n");
      expect(held.stdout).toContain("\nwritten: '/etc/portreserve/printer'\n");
      expect(held.stdout).toContain(`\nenabled and started: '${HOLDER_UNIT}'\n`);
      expect(held.stdout).toMatch(
        /\n631\/tcp {2}held now, beside its owner\n700\/tcp {2}held now, beside its owner\n$/,
      );
      expect(await guest.output(STATE)).toBe("enabled\nactive\n");

      // Nobody else gets them while their owners are down, and these come back.
      await guest.output("systemctl stop cups printer.socket old");
      const inUse = '{"error":"EADDRINUSE"}\n';
      expect(await guest.output(`for port in 631 700 701; do ${TAKES} $port; done || true`)).toBe(
        `${inUse}${inUse}{"port":701}\n`,
      );
      await guest.output("systemctl start cups printer.socket");

      const again = await guest.run(`${CTL} hold cups 700/tcp --json`);
      expect(JSON.parse(again.stdout)).toMatchObject({ result: "unchanged", changes: [], unit: "none" });

      const one = await guest.output(`${CTL} unhold 700/tcp`);
      expect(one).not.toContain(HOLDER_UNIT);
      const last = await guest.output(`${CTL} unhold cups`);
      expect(last).toContain(`\nstopped and disabled: '${HOLDER_UNIT}', since nothing is held any more\n`);
      expect(await guest.output(STATE)).toBe("disabled\ninactive\n");
      expect(await guest.output("cat /etc/portreserve/cups; systemctl --failed --no-legend")).toBe("631/tcp\n");
    });
  });
});
