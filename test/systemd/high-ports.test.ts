// High ports on a booted system: one service has them beside the shim of the whole host, which comes behind; proved, switched and gone.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { bootGuest, type Guest } from "../support/guest/guest.ts";
import { noGuest } from "../support/guest/support.ts";
import { NODE, STAGE } from "../support/stage/stage.ts";
import { withGuest } from "./fresh.ts";
import { portOf, thiefUnit } from "./thief.ts";

const reason = noGuest();
const CTL = `${NODE} ${STAGE}/dist/main.js`;

const MAPPED = "grep -Eo 'libportreserve[^/]*$' /proc/$(systemctl show -P MainPID rpc)/maps | sort -u";
const HIGH_WARNING =
  "portreservectl: warning: 'rpc.service' takes ports from 1024 up: a server that insists on privileged ports refuses it,";
const HAVE = (library: string): RegExp =>
  new RegExp(`note: 'rpc\\.service' is covered: its process(es \\d+ and \\d+ have| \\d+ has) the ${library}\n`);

describe.skipIf(reason !== undefined)(named("a service with high ports on a booted system", reason), () => {
  test("has them before the shim of the list, by itself too, and loses them again", { timeout: 900_000 }, async () => {
    const booting = bootGuest({
      files: {
        "/etc/systemd/system/rpc.service": thiefUnit(),
        "/etc/portreserve/cups": "631\n",
        "/etc/bindresvport.blacklist": "",
      },
    });
    await withGuest(booting, async (guest: Guest) => {
      const ctl = (words: string) => guest.run(`${CTL} ${words}`, { timeout: 240_000 });
      const port = async (): Promise<number> => Number(/\d+/.exec(await guest.output(portOf("rpc")))?.[0]);
      const row = async (): Promise<readonly unknown[]> => {
        const { allocators } = JSON.parse((await ctl("status --json")).stdout) as {
          readonly allocators: readonly Readonly<Record<string, unknown>>[];
        };
        const found = allocators.find(({ unit }) => unit === "rpc.service");
        return [found?.kind, found?.verdict, found?.reason];
      };
      // The controls: a port that is reserved without anything, and the next one with the shim.
      await guest.output("systemctl start rpc");
      expect(await port()).toBe(631);
      await guest.output("systemctl stop rpc");
      expect((await ctl("install")).status).toBe(0);
      await guest.output("systemctl start rpc");
      expect(await port()).toBe(632);

      const later = await ctl("install --unit rpc --high-ports");
      expect([later.status, later.stderr]).toEqual([
        0,
        expect.stringContaining("note: 'rpc.service' runs without the high-ports library until it is restarted\n"),
      ]);
      expect(later.stderr).toContain(HIGH_WARNING);
      expect(await port()).toBe(632);
      expect((await ctl("install --unit rpc --high-ports --now")).stderr).toMatch(HAVE("high-ports library"));
      expect(await port()).toBeGreaterThan(1023);
      expect(await guest.output(MAPPED)).toBe("libportreserve-high.so\nlibportreserve.so\n");
      expect(await row()).toEqual(["process", "covered", "with ports above 1023 alone"]);
      const proved = await ctl("verify --unit rpc");
      expect([proved.status, proved.stdout]).toEqual([
        0,
        expect.stringContaining("6 functions in 23 runs: ports that the kernel chooses, above 1023\n"),
      ]);
      expect(proved.stdout).toContain("'rpc.service': covered (1 allocator, proved)\n");

      // Over to the shim.
      expect((await ctl("install --unit rpc")).stderr).toContain(
        "note: 'rpc.service' keeps the high-ports library until it is restarted\n",
      );
      await guest.output("systemctl restart rpc");
      expect(await port()).toBe(632);
      // And back, by itself, without the list.
      expect((await ctl("uninstall")).status).toBe(0);
      expect((await ctl("install --unit rpc --high-ports --now")).status).toBe(0);
      expect(await guest.output(MAPPED)).toBe("libportreserve-high.so\n");
      expect(await port()).toBeGreaterThan(1023);

      // The proof is made with the library that is there: with the shim in its place it fails.
      await guest.output(`cd /usr/lib/*/portreserve || cd /usr/lib64/portreserve
cp libportreserve.so new; mv new libportreserve-high.so; systemctl restart rpc`);
      const failed = await ctl("verify --unit rpc");
      expect([failed.status, failed.stdout]).toEqual([
        1,
        expect.stringMatching(/failed {2}handed out what nothing should: \d+ to \d+: bindresvport\n/),
      ]);
      const gone = await ctl("uninstall --unit rpc --now");
      expect([gone.status, gone.stderr]).toEqual([
        0,
        "portreservectl: note: 'rpc.service' is no longer covered by a drop-in\n",
      ]);
      expect(await port()).toBe(631);
      expect(await guest.output("ls -d /usr/lib*/portreserve /usr/lib/*/portreserve 2>/dev/null || true")).toBe("");
    });
  });
});
