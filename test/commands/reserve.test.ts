// reserve on a host of its own: what a socket unit listens on becomes a file, once, and nothing else of it changes.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { noHost, onHost } from "../support/host.ts";

const notHere = await noHost();
const SOCKET = "[Socket]\nListenStream=700\nListenDatagram=700\nListenStream=80\nListenStream=/run/x\n";

describe.skipIf(notHere !== undefined)(named("reserve", notHere), () => {
  test("writes what is missing, once, and keeps the lines of others", async () => {
    const step = await onHost(
      `
step dry ctl reserve printer --dry-run
step untouched test ! -e /etc/portreserve/printer
step nobody nobody "$NODE" "$MANAGER" reserve printer
step first ctl reserve printer
step file cat /etc/portreserve/printer
step again ctl reserve printer.socket
printf '# mine\\n700/udp' >/etc/portreserve/printer
step added ctl reserve printer
step kept cat /etc/portreserve/printer
step nosuch ctl reserve nosuch
step silent ctl reserve silent
`,
      {
        etc: {
          "systemd/system/printer.socket": SOCKET,
          "systemd/system/printer.service": "[Service]\nExecStart=/bin/true\n",
          "systemd/system/silent.service": "[Service]\nExecStart=/bin/true\n",
        },
      },
    );
    const below = "80/tcp needs no reservation: no library hands out ports below 512, so nothing is needed\n";
    const text = "# written by 'portreservectl reserve printer.service'\n700/tcp\n700/udp\n";
    const added = text.replace(/^/gm, "+").replace(/\+$/, "");
    expect(step("dry")).toEqual({
      status: 0,
      stdout: `--- /dev/null\n+++ /etc/portreserve/printer\n@@ -0,0 +1,3 @@\n${added}${below}2 ports for 'printer.service': 700/tcp 700/udp; nothing was changed\n`,
      stderr: "",
    });
    expect([step("untouched").status, step("nobody").status]).toEqual([0, 4]);
    expect(step("first").stdout).toBe(
      `${below}written: '/etc/portreserve/printer', 700/tcp 700/udp\nrun 'portreservectl install' to make it take effect\n`,
    );
    expect(step("file").stdout).toBe(text);
    expect(step("again").stdout).toBe(`${below}unchanged: '/etc/portreserve/printer' reserves 700/tcp 700/udp\n`);
    expect([step("added").status, step("kept").stdout]).toEqual([0, "# mine\n700/udp\n700/tcp\n"]);
    expect([step("nosuch"), step("silent")].map(({ status, stderr }) => [status, stderr.split("\n")[0]])).toEqual([
      [1, "portreservectl: error: there is no unit 'nosuch'"],
      [1, "portreservectl: error: 'silent.service' listens on no privileged port"],
    ]);
  });
});
