// The session that the README shows: CUPS' port stolen at boot, install, and the next boot. Typed on a terminal in a guest.
// PORTRESERVE_RECORD=1 keeps what was typed and said, and draws docs/session.svg from it.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { packageRoot } from "../../src/core/native.ts";
import { named } from "../support/can.ts";
import type { Guest } from "../support/guest/guest.ts";
import { bootRelease, NATIVE, releases } from "./support/releases.ts";

/** ypbind asks for 631 first when it has this process id, as it has in one boot of some hundred. */
const FILES = {
  "/etc/bindresvport.blacklist": "",
  "/etc/defaultdomain": "example.org\n",
  "/etc/yp.conf": "domain example.org server 127.0.0.1\n",
  "/etc/portreserve/cups": "ipp\n",
  "/etc/systemd/system/ypbind.service.d/pid.conf": `[Service]
Type=exec
PIDFile=
ExecStart=
ExecStart=${NATIVE}/portreserve-pidexec --pid 21231 -- /usr/sbin/ypbind -n
ExecStartPost=/bin/sh -c 'until ss -lntupH | grep -q ypbind; do sleep 0.02; done'
`,
  "/etc/systemd/system/cups.service.d/after.conf": "[Unit]\nAfter=ypbind.service\n",
};
const WHO = "lsof -nP -i :631";

/** What a terminal takes as its own. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one.
const ESCAPES = /\x1b\[[0-9;?]*[A-Za-z]/g;

interface Typed {
  readonly command: string;
  /** With the terminal's escape sequences. */
  readonly output: string;
}

/** Types a command on a terminal of 100 columns. */
async function type(guest: Guest, command: string): Promise<Typed> {
  const run = `export TERM=xterm-256color COLUMNS=100; stty cols 100 rows 40; ${command}`;
  const output = await guest.output('script -qec "$1" /dev/null </dev/null', { args: [run], timeout: 60_000 });
  return { command, output: output.replaceAll("\r\n", "\n") };
}

const { reason } = (await releases())[0] ?? { reason: "there is no release" };
describe.skipIf(reason !== undefined)(named("in Debian 12", reason), () => {
  test("shows the theft, install, and that the next boot is in order", async () => {
    const guest = await bootRelease("bookworm", { files: FILES });
    const session: Typed[] = [];
    const typed = async (command: string): Promise<string> => {
      const one = await type(guest, command);
      session.push(one);
      return one.output.replaceAll(ESCAPES, "");
    };
    try {
      await guest.output("systemctl enable --quiet ypbind cups; systemctl disable --quiet cups-browsed");
      await guest.reboot();
      expect(await typed("cat /etc/portreserve/cups")).toBe("ipp\n");
      expect(await typed(WHO)).toMatch(/^ypbind +21231 root .* \*:631/m);
      expect(await typed("grep -m1 -o 'Unable.*in use' /var/log/cups/error_log")).toMatch(
        /:631 - Address already in use/,
      );
      expect(await typed("portreservectl install")).toMatch(/x86_64/);
      await guest.output("rm /var/log/cups/error_log");
      session.push({ command: "reboot", output: "" });
      await guest.reboot();
      const holders = await typed(WHO);
      expect(holders).toMatch(/^cupsd +\d+ root .*127\.0\.0\.1:631 \(LISTEN\)$/m);
      expect(holders).not.toMatch(/ypbind/);
      expect(await guest.output("grep -c 'in use' /var/log/cups/error_log; pgrep -x ypbind")).toBe("0\n21231\n");
      expect(await typed("portreservectl status")).toMatch(/^covered\n {2}ypbind +21231 /m);
      if (process.env.PORTRESERVE_RECORD === "1") {
        writeFileSync(path.join(packageRoot, "docs/session.json"), `${JSON.stringify(session, null, 2)}\n`);
        execFileSync(process.execPath, [path.join(packageRoot, "scripts/session.mjs")]);
      }
    } finally {
      await guest.stop();
    }
  });
});
