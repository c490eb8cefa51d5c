// Who is first takes CUPS' port: at boot, over reboots, and while CUPS is down; with the real daemons, as they log it.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { note } from "./support/evidence.ts";
import { bootRelease, releases } from "./support/releases.ts";
import { AT_BOOT, KEPT, look, rebootAfresh, restartThieves, SCENE, STOLEN, shimmed } from "./support/theft-scene.ts";

const THIEVES = ["portreserve-pid", "rpc.statd", "ypbind"];

describe.each(await releases())("$suite", ({ suite, reason }) => {
  describe.skipIf(reason !== undefined)(named("CUPS' port", reason), () => {
    const engine = suite === "bookworm" ? "unshare" : "nspawn";

    test("is stolen at boot, kept by install and by install --unit, and stolen again after each uninstall", async () => {
      const guest = await bootRelease(suite, { engine, files: AT_BOOT });
      try {
        expect(await look(guest)).toEqual(STOLEN);
        expect(await shimmed(guest)).toEqual([]);

        await guest.output("portreservectl install");
        await rebootAfresh(guest);
        expect(await look(guest)).toEqual(KEPT);
        expect(await shimmed(guest)).toEqual(expect.arrayContaining(["systemd", "cupsd", "rpcbind", ...THIEVES]));
        expect(await guest.output("grep -c libportreserve /proc/1/maps")).not.toBe("0\n");
        note("631/tcp at boot", suite, engine, "ypbind had it, cupsd not", "cupsd had it", "1 boot");
        note("631/udp at boot", suite, engine, "rpc.statd had it, cups-browsed not", "cups-browsed had it", "1 boot");

        await guest.output("portreservectl uninstall");
        await rebootAfresh(guest);
        expect(await look(guest)).toEqual(STOLEN);
        expect(await shimmed(guest)).toEqual([]);

        await guest.output("portreservectl install --unit ypbind rpc-statd");
        await rebootAfresh(guest);
        expect(await look(guest)).toEqual(KEPT);
        expect(await shimmed(guest)).toEqual(THIEVES);
        note(
          "631 at boot, with install --unit of both",
          suite,
          engine,
          "ypbind and rpc.statd had it",
          "cupsd and cups-browsed had it",
          "1 boot",
        );
      } finally {
        await guest.stop();
      }
    });

    test("is stolen by a thief that restarts while CUPS is down, and kept once the thief is covered", async () => {
      const guest = await bootRelease(suite, { engine, files: SCENE });
      try {
        // Where CUPS was first, both thieves go on to other ports.
        await guest.output("systemctl start cups-browsed rpc-statd ypbind");
        expect(await look(guest)).toEqual(KEPT);
        await restartThieves(guest);
        expect(await look(guest)).toEqual(STOLEN);

        await guest.output("portreservectl install");
        await restartThieves(guest);
        expect(await look(guest)).toEqual(KEPT);
        note(
          "631, thieves restarted while CUPS is down",
          suite,
          engine,
          "ypbind and rpc.statd had it",
          "cupsd and cups-browsed had it",
          "1 restart",
        );
      } finally {
        await guest.stop();
      }
    });
  });
});
