// Owners without SO_REUSEADDR on a booted system: under a hold they do not start, with hold --share they do, and it all goes again.
import { describe, expect, test } from "vitest";
import { dropInText } from "../../src/core/systemd/drop-in.ts";
import { named } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { bootGuest, type Guest } from "../support/guest/guest.ts";
import { noGuest } from "../support/guest/support.ts";
import { built } from "../support/sandbox.ts";
import { NODE, STAGE } from "../support/stage/stage.ts";
import { withGuest } from "./fresh.ts";

const reason = noGuest();
const CTL = `${NODE} ${STAGE}/dist/main.js`;
const UNIT = "/etc/systemd/system/plain.service";
const DROP_IN = `${UNIT}.d/50-portreserve.conf`;
const ALLOCATOR = "/etc/systemd/system/allocator.service";
const SHIM = "/usr/$LIB/portreserve/libportreserve.so";
const SHARE = "/usr/$LIB/portreserve/libportreserve-share.so";
const MINE = "libc_malloc_debug.so.0";

/** An owner of both protocols that sets no option at all, and serves until it is stopped. */
const OWNER = (): string => compileC("test/systemd/plain-owner.c");
const THIEF = `printf '%s\n' 'try tcp 0.0.0.0 700' 'try udp 0.0.0.0 700' 'try tcp :: 700' 'try udp :: 700' | ${compileC("test/hold/sockets.c")}`;
const FREE = "ok\nok\nok\nok\n";
const REFUSED = "EADDRINUSE\n".repeat(4);
/** Whether it runs, and answers with both protocols. */
const SERVES = `systemctl is-active plain
for how in tcp udp; do
  timeout 5 bash -c "exec 3<>/dev/$how/127.0.0.1/700; echo >&3; echo $how \\$(head -c 7 <&3)"
done`;
const UP = "active\ntcp served\nudp served\n";
const PID = "systemctl show -P MainPID plain";

const guest = (): Promise<Guest> =>
  bootGuest({
    files: {
      [UNIT]: `[Service]\nType=notify\nNotifyAccess=all\nExecStart=${OWNER()} 700\nEnvironment=LD_PRELOAD=${MINE}\n`,
      "/etc/portreserve/plain": "700\n",
      "/etc/bindresvport.blacklist": "",
    },
  });

describe.skipIf(reason !== undefined)(named("an owner without SO_REUSEADDR on a booted system", reason), () => {
  test("is refused its held port without the share library, and has it with it, from the first moment on", async () => {
    await withGuest(guest(), async (booted) => {
      const ctl = (words: string) => booted.run(`${CTL} ${words}`, { timeout: 240_000 });
      const before = await booted.output(`cat ${UNIT}; find /etc/systemd/system -type f | sort`);
      await booted.output("systemctl start plain");
      expect(await booted.output(SERVES)).toBe(UP);
      expect((await ctl("install")).status).toBe(0);

      // The controls: it is refused, and where somebody insists it does not start any more.
      const refused = await ctl("hold plain");
      expect(refused.status).toBe(5);
      expect(refused.stdout).toMatch(
        /^700\/tcp {2}cannot be held: .* no SO_REUSEADDR → sudo portreservectl hold 700\/tcp --share --now,/m,
      );
      await booted.output("systemctl stop plain");
      expect((await ctl("hold plain --unchecked")).status).toBe(0);
      expect(await booted.output(THIEF)).toBe(REFUSED);
      expect((await booted.run("systemctl start plain")).status).not.toBe(0);
      expect((await ctl("unhold plain")).status).toBe(0);
      await booted.output("systemctl reset-failed plain; systemctl start plain");

      const planned = await ctl("hold plain --share --dry-run");
      expect(planned).toMatchObject({ status: 0, stdout: expect.stringContaining(`+++ ${DROP_IN}\n`) });
      expect(await booted.output(`ls ${UNIT}.d 2>&1 || true`)).toContain("No such file");
      // It is held while it runs, and nothing is restarted.
      const pid = await booted.output(PID);
      const live = await ctl("hold plain --share");
      expect(live.stdout).toContain("700/tcp  can be held: 'plain.service' gets SO_REUSEADDR by the share library\n");
      expect(live.stdout).toContain(`written: '${DROP_IN}'\n`);
      expect(live.stdout).toMatch(/700\/tcp +held now, beside its owner\n700\/udp +held now/);
      expect([live.status, live.stderr]).toEqual([
        0,
        "portreservectl: note: 'plain.service' has the share library from its next start on\nhint: 'systemctl restart plain.service' shows whether it starts so, or run it again with --now\n",
      ]);
      expect(await booted.output(PID)).toBe(pid);
      expect(await booted.output(SERVES)).toBe(UP);
      expect(
        await booted.output(`cat ${DROP_IN}`),
      ).toBe(`# Written by 'portreservectl hold --share'; 'portreservectl unhold' removes it.
# Held ports: 700/tcp 700/udp
[Service]
Environment="LD_PRELOAD=${MINE}:${SHARE}"
`);
      // Down, it is nobody's; started again, it serves.
      await booted.output("systemctl stop plain");
      expect(await booted.output(THIEF)).toBe(REFUSED);
      await booted.output("systemctl start plain");
      expect(await booted.output(SERVES)).toBe(UP);
      expect(
        await booted.output(`grep -Eo '[^/]*(libportreserve|malloc_debug)[^/]*$' /proc/$(${PID})/maps | sort -u`),
      ).toBe(`${MINE}\nlibportreserve-share.so\nlibportreserve.so\n`);
      const now = await ctl("hold plain --share --unit plain --now");
      expect([now.status, now.stderr]).toEqual([
        0,
        expect.stringMatching(/^portreservectl: note: 'plain\.service': its process \d+ has the share library\n$/),
      ]);
      expect(await booted.output(SERVES)).toBe(UP);

      // Beside a drop-in of install --unit, each verb takes its own part alone.
      expect((await ctl("install --unit plain")).status).toBe(0);
      expect(await booted.output(`grep LD_ ${DROP_IN}`)).toBe(`Environment="LD_PRELOAD=${SHIM}:${MINE}:${SHARE}"\n`);
      expect((await ctl("uninstall --unit plain")).status).toBe(0);
      expect(await booted.output(`grep LD_ ${DROP_IN}`)).toBe(`Environment="LD_PRELOAD=${MINE}:${SHARE}"\n`);
      expect((await ctl("install --unit plain")).status).toBe(0);
      expect((await ctl("unhold plain")).status).toBe(0);
      expect(await booted.output(`grep LD_ ${DROP_IN}`)).toBe(`Environment="LD_PRELOAD=${SHIM}:${MINE}"\n`);
      expect((await ctl("uninstall --unit plain")).status).toBe(0);
      await booted.output("systemctl stop plain");
      expect(await booted.output(THIEF)).toBe(FREE);

      // What allocates and has both is covered by the shim, as without the share library.
      const text = dropInText({ preload: undefined, share: SHARE, ports: ["700/tcp"] });
      await booted.output(
        `mkdir ${ALLOCATOR}.d; printf '[Service]\\nExecStart=%s\\n' '${built.probe} --symbol bindresvport --hold' >${ALLOCATOR}`,
      );
      await booted.write(`${ALLOCATOR}.d/50-portreserve.conf`, text);
      await booted.output("systemctl daemon-reload");
      const idle = await ctl("verify --unit allocator --quick");
      expect([idle.status, idle.stdout.split("\n")[0]]).toEqual([
        0,
        "'allocator.service': covered (1 allocator, without a proof)",
      ]);
      await booted.output("systemctl start allocator");
      const verified = await ctl("verify --unit allocator");
      expect([verified.status, verified.stdout.split("\n")[0]]).toEqual([
        0,
        "'allocator.service': covered (1 allocator, proved)",
      ]);
      await booted.output(`systemctl stop allocator; rm -r ${ALLOCATOR}*; systemctl daemon-reload`);

      // Down, its unit has to be named; a whole uninstall takes everything.
      expect((await ctl("hold plain --share")).stderr).toContain("name the service that is its owner with --unit");
      const down = await ctl("hold plain --share --unit plain --now");
      expect([down.status, down.stderr]).toEqual([
        0,
        "portreservectl: note: 'plain.service' is not running; it has the share library when it starts\n",
      ]);
      await booted.output("systemctl start plain");
      expect(await booted.output(SERVES)).toBe(UP);
      expect((await ctl("uninstall")).status).toBe(0);
      await booted.output("systemctl restart plain");
      expect(await booted.output(SERVES)).toBe(UP);
      expect(await booted.output(`cat ${UNIT}; find /etc/systemd/system -type f | sort`)).toBe(before);
      expect(await booted.output("systemctl stop plain; systemctl --failed --no-legend")).toBe("");
    });
  }, 600_000);
});
