// reserve on a booted guest: what a service without a socket unit listens on is found by the sockets that its processes have.
import { describe, expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { bootGuest, type Guest } from "../support/guest/guest.ts";
import { noGuest } from "../support/guest/support.ts";
import { built } from "../support/sandbox.ts";
import { schemaFaults } from "../support/schema.ts";
import { MAIN, NODE } from "../support/stage/stage.ts";

const reason = noGuest() ?? skipReason({ program: "python3", package: "python3" });

/** Listens on 702/tcp, 80/tcp and 5000/tcp by IPv6; its child has 703/udp; 704/tcp is only where it connects from. */
const DAEMON = `import os, socket, time
TCP, UDP, V4, V6 = socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.AF_INET, socket.AF_INET6
def bound(family, kind, address, port):
    one = socket.socket(family, kind)
    one.bind((address, port))
    return one
listening = [bound(V6, TCP, "::", 702), bound(V4, TCP, "127.0.0.1", 80), bound(V6, TCP, "::1", 5000)]
for one in listening: one.listen()
client = bound(V4, TCP, "127.0.0.1", 704)
client.connect(("127.0.0.1", 80))
if os.fork() == 0:
    own = bound(V4, UDP, "0.0.0.0", 703)
    open("/run/daemon-ready", "w").close()
    time.sleep(100000)
time.sleep(100000)
`;

async function ctl(guest: Guest, args: readonly string[], user?: string) {
  const { status, stdout, stderr } = await guest.run('exec "$@"', {
    args: [NODE, MAIN, ...args],
    ...(user === undefined ? {} : { user }),
  });
  return { status, stdout, stderr };
}

describe.skipIf(reason !== undefined)(named("reserve", reason), () => {
  test("finds what a running service listens on, writes it once, and finds nothing when it does not run", async () => {
    const guest = await bootGuest({
      files: {
        "/etc/portreserve/cups": "631\n",
        "/etc/bindresvport.blacklist": "",
        "/usr/local/lib/daemon.py": DAEMON,
        "/etc/systemd/system/daemon.service": "[Service]\nExecStart=/usr/bin/python3 /usr/local/lib/daemon.py\n",
        "/etc/systemd/system/taker.service": `[Service]\nStandardOutput=file:/run/taker\nExecStart=${built.pidexec} --pid ${50 * 424 + 720 - 600} -- ${built.probe} --symbol bindresvport --hold\n`,
      },
    });
    try {
      const nothing = {
        status: 1,
        stdout: "",
        stderr:
          "portreservectl: error: 'daemon.service' listens on no privileged port\n" +
          "hint: start it first, then run it again; 'ss -tulnp' shows what listens\n",
      };
      expect(await ctl(guest, ["reserve", "daemon", "--dry-run"])).toEqual(nothing);
      await guest.output(`systemctl start daemon
until [ -e /run/daemon-ready ]; do sleep 0.02; done
systemctl start taker
until grep -qs '"port"' /run/taker; do sleep 0.02; done`);
      const below = "80/tcp needs no reservation: no library hands out ports below 512, so nothing is needed\n";
      const text = "# written by 'portreservectl reserve daemon.service'\n702/tcp\n703/udp\n";
      expect(await ctl(guest, ["reserve", "daemon", "--dry-run"])).toEqual({
        status: 0,
        stdout: `--- /dev/null\n+++ /etc/portreserve/daemon\n@@ -0,0 +1,3 @@\n${text.replace(/^(?=.)/gm, "+")}${below}2 ports for 'daemon.service': 702/tcp 703/udp; nothing was changed\n`,
        stderr: "",
      });
      const unseen = "'daemon.service' may listen on more privileged ports: who holds 4 sockets cannot be seen";
      expect(await ctl(guest, ["reserve", "daemon", "--dry-run"], "nobody")).toEqual({
        status: 3,
        stdout: "",
        stderr: `portreservectl: error: ${unseen}\nhint: run 'sudo portreservectl reserve daemon --dry-run'\n`,
      });
      expect(await guest.output("ls /etc/portreserve")).toBe("cups\n");

      expect(await ctl(guest, ["reserve", "daemon"])).toEqual({
        status: 0,
        stdout: `${below}written: '/etc/portreserve/daemon', 702/tcp 703/udp\nrun 'portreservectl install' to make it take effect\n`,
        stderr: "",
      });
      const file = "cd /etc/portreserve; ls; cat daemon; stat -c '%a %i %y %z' daemon";
      const written = await guest.output(file);
      expect(written.startsWith(`cups\ndaemon\n${text}644 `)).toBe(true);
      const unchanged = {
        status: 0,
        stdout: `${below}unchanged: '/etc/portreserve/daemon' reserves 702/tcp 703/udp\n`,
        stderr: "",
      };
      expect(await ctl(guest, ["reserve", "daemon.service"])).toEqual(unchanged);
      expect(await ctl(guest, ["reserve", "daemon", "--dry-run"])).toEqual(unchanged);
      expect(await guest.output(file)).toBe(written);

      // What takes any free port listens there now, and elsewhere another time.
      const { port }: { port: number } = JSON.parse(await guest.output("cat /run/taker"));
      expect(port).toBe(720);
      const refused = JSON.parse((await ctl(guest, ["reserve", "taker", "--dry-run", "--json"])).stdout);
      expect(schemaFaults("reserve", refused)).toEqual([]);
      expect(refused).toMatchObject({
        exitCode: 1,
        random: [{ port, protocol: "tcp" }],
        messages: [
          {
            severity: "error",
            message: `'taker.service' takes free ports itself, and nobody has chosen ${port}/tcp: its next start takes another`,
            hint: "give it a port of its own in its settings, or use --force to reserve it as it is",
          },
        ],
        result: "nothing",
      });
      const forced = JSON.parse((await ctl(guest, ["reserve", "taker", "--dry-run", "--force", "--json"])).stdout);
      expect(schemaFaults("reserve", forced)).toEqual([]);
      expect(forced).toMatchObject({
        exitCode: 0,
        messages: [],
        result: "planned",
        ports: [{ port, protocol: "tcp", owner: "taker", file: "/etc/portreserve/taker", mechanism: "preload" }],
      });
      await guest.output("systemctl stop daemon");
      expect(await ctl(guest, ["reserve", "daemon"])).toEqual(nothing);
      expect(await guest.output(file)).toBe(written);
    } finally {
      await guest.stop();
    }
  });
});
