// Both releases boot under both engines with their real daemons, and keep their files over a reboot.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { ENGINES } from "../support/guest/keeper.ts";
import { bootRelease, releases } from "./support/releases.ts";

describe.each(await releases())("$suite", ({ suite, reason }) => {
  describe.skipIf(reason !== undefined)(named("as a guest", reason), () => {
    test.each(ENGINES)("boots and reboots under %s", async (engine) => {
      const guest = await bootRelease(suite, { engine });
      try {
        expect(await guest.output(". /etc/os-release; echo $VERSION_CODENAME; systemctl is-active rpcbind cups")).toBe(
          `${suite}\nactive\nactive\n`,
        );
        expect(await guest.output("readlink /proc/1/exe")).toBe("/usr/lib/systemd/systemd\n");
        await guest.output("echo kept >/root/kept; touch /run/gone");
        await guest.reboot();
        expect(await guest.output("cat /root/kept; ls /run/gone 2>/dev/null; true")).toBe("kept\n");
      } finally {
        await guest.stop();
      }
    });
  });
});
