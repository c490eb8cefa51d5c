// Beside the real portreserve daemon of old on a host without systemd: install goes on, and migrate ends it for good.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { noHost, onHost } from "../support/host.ts";
import { noOldDaemon, oldDaemonFile } from "../systemd/old-daemon-deb.ts";

const notHere = (await noHost()) ?? (await noOldDaemon());
const etc = (): Record<string, Uint8Array> => ({
  "portreserve.deb": Object.values(oldDaemonFile())[0] ?? Buffer.alloc(0),
});

/** What its package puts on a host where SysV init runs, and its start at boot. */
const START = `dpkg-deb -x /etc/portreserve.deb "$SCRATCH/old"
cp "$SCRATCH/old/sbin/portreserve" /usr/sbin/; ln -s portreserve /usr/sbin/portrelease
mkdir -p /etc/init.d /etc/rc0.d /etc/rc2.d /etc/rc5.d; cp "$SCRATCH/old/etc/init.d/portreserve" /etc/init.d/
ln -s ../init.d/portreserve /etc/rc0.d/K01portreserve
ln -s ../init.d/portreserve /etc/rc2.d/S17portreserve; ln -s ../init.d/portreserve /etc/rc5.d/S17portreserve
mkdir /run/portreserve; /usr/sbin/portreserve
until grep -q ":0277 " /proc/net/udp; do sleep 0.02; done; pid=$(cat /run/portreserve.pid)
`;

describe.skipIf(notHere !== undefined)(named("the portreserve daemon of old without systemd", notHere), () => {
  test("is ended, and its links are turned, once ours is in force", async () => {
    const ran = await onHost(
      `${START}
step held thief "$PROBE" --symbol bindresvport
step early ctl migrate
step install ctl install
step pid echo "$pid"
step migrate ctl migrate
step links sh -c 'ls /etc/rc?.d/*portreserve'
step gone sh -c "test ! -e /proc/$pid && echo gone"
step covered thief "$PROBE" --symbol bindresvport
step again ctl migrate
`,
      { etc: { ...etc(), "portreserve/range": "700-701\nippp\n" } },
    );
    const pid = ran("pid").stdout.trim();
    // The control: by the daemon, not by ours.
    expect(ran("held").stdout).toBe('{"port":632}\n');
    expect(ran("early")).toEqual({
      status: 5,
      stdout: `found: '/usr/sbin/portreserve' and '/etc/init.d/portreserve'
found: 2 links that start it, such as '/etc/rc2.d/S17portreserve'
found: process ${pid}, '/usr/sbin/portreserve'
`,
      stderr: `portreservectl: error: nothing is in force that could take the old daemon's place, since the table is missing; nothing was changed
hint: run 'sudo portreservectl install' first, then this again
`,
    });
    expect(ran("install").stderr).toContain(`note: the old portreserve daemon runs (process ${pid})`);
    expect(ran("migrate")).toMatchObject({
      status: 1,
      stdout: `renamed: '/etc/rc2.d/S17portreserve' to 'K17portreserve'
renamed: '/etc/rc5.d/S17portreserve' to 'K17portreserve'
ended: process ${pid}, '/usr/sbin/portreserve'
migrated: the table keeps the ports, and the old daemon does not come back at the next boot
its files, and those in /etc/portreserve, are as they were
`,
    });
    // Lines that mean something else here, and those that mean nothing.
    expect(ran("migrate").stderr).toContain("/etc/portreserve/range:2:1:");
    expect(ran("migrate").stderr).toContain(
      "'/etc/portreserve/range:1' reserves 700 to 701; the old daemon held 700 alone",
    );
    expect(ran("links").stdout).toBe(
      "/etc/rc0.d/K01portreserve\n/etc/rc2.d/K17portreserve\n/etc/rc5.d/K17portreserve\n",
    );
    expect(ran("gone").stdout).toBe("gone\n");
    expect(ran("covered").stdout).toBe('{"port":632}\n');
    expect(ran("again")).toMatchObject({
      status: 0,
      stdout: "nothing to do: the old daemon does not run, and nothing starts it\n",
    });
  });

  test("that does not end on SIGTERM is not killed, and somebody else's program of that name is none", async () => {
    const ran = await onHost(
      `${START}
ctl install >"$SCRATCH/log" 2>&1
kill -STOP "$pid"
step migrate ctl migrate
step there sh -c "kill -0 $pid && echo there"
kill -CONT "$pid"
while [ -e /proc/$pid ]; do sleep 0.02; done
cp /usr/sbin/portreserve /usr/sbin/portreserve.new; chown 65534 /usr/sbin/portreserve.new
mv /usr/sbin/portreserve.new /usr/sbin/portreserve; /usr/sbin/portreserve
until [ -s /run/portreserve.pid ]; do sleep 0.02; done; pid=$(cat /run/portreserve.pid)
step other ctl migrate
step alive sh -c "kill -0 $pid && echo there"
`,
      { etc: etc() },
    );
    expect(ran("migrate")).toMatchObject({ status: 1 });
    expect(ran("migrate").stderr).toMatch(
      /error: process (\d+) of the old daemon got SIGTERM, and has not ended in 5 seconds\nhint: end it with 'sudo kill -9 \1', then run this again\n/,
    );
    expect(ran("there").stdout).toBe("there\n");
    expect(ran("other")).toMatchObject({ status: 0 });
    expect(ran("alive").stdout).toBe("there\n");
  });
});
