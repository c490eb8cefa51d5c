// A machine that cloud-init sets up: the user-data of docs/images.md, given by NoCloud at the first boot, installs the package and puts it into force.
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { packageRoot } from "../../src/core/native.ts";
import { debMade } from "../package/debs.ts";
import { type Arch, notPrebuilt } from "../package/prebuilt.ts";
import { blocksOf } from "../support/blocks.ts";
import { named, skipReason } from "../support/can.ts";
import { FULL } from "../support/full.ts";
import { bootGuest } from "../support/guest/guest.ts";
import { noGuest } from "../support/guest/support.ts";
import { debianRoot, noDebianRoot } from "../support/roots/debian.ts";
import { THIEF_PID } from "../support/sandbox.ts";

const ROOT = {
  suite: "bookworm",
  include: ["systemd", "systemd-sysv", "dbus", "netbase", "iproute2", "nodejs", "cloud-init"],
} as const;
const arch: Arch = process.arch === "arm64" ? "arm64" : "x64";
const reason =
  notPrebuilt(arch) ??
  noGuest() ??
  skipReason({ program: "dpkg-deb", package: "dpkg" }) ??
  (FULL ? await noDebianRoot(ROOT) : "its root takes a minute to make: set PORTRESERVE_FULL=1");

const PARTS = path.join(packageRoot, "prebuilds", `linux-${arch}`);
const SEED = "/var/lib/cloud/seed/nocloud";

test.skipIf(reason !== undefined)(
  named("after the first boot the package is in force, and a reserved port is kept", reason),
  async () => {
    const guest = await bootGuest({
      services: "installed",
      lower: [debianRoot(ROOT)],
      files: {
        "/root/portreservectl.deb": readFileSync(debMade({ arch })),
        "/root/portreserve-probe": readFileSync(path.join(PARTS, "portreserve-probe")),
        "/root/portreserve-pidexec": readFileSync(path.join(PARTS, "portreserve-pidexec")),
        [`${SEED}/meta-data`]: "instance-id: first\n",
        [`${SEED}/user-data`]: blocksOf("docs/images.md")("cloud-init"),
        "/etc/cloud/cloud.cfg.d/99-guest.cfg":
          "network: {config: disabled}\nlocale: false\ndatasource_list: [NoCloud]\n",
        // Its boot may take longer than a guest's: its units are started afterwards, by systemd as at a boot.
        "/etc/cloud/cloud-init.disabled": "",
      },
    });
    try {
      await guest.output(
        "rm /etc/cloud/cloud-init.disabled; systemctl daemon-reload; systemctl start --no-block cloud-init.target",
      );
      const said = await guest.run("cloud-init status --wait --long", { timeout: 180_000 });
      expect(said.stdout).toMatch(/^status: done$/m);
      const log = await guest.output("cat /var/log/cloud-init-output.log");
      expect(log).toMatch(/^covered: every \S+ program that starts from now on$/m);
      const thief = `chmod 755 /root/portreserve-p*
/root/portreserve-pidexec --pid ${THIEF_PID} -- /root/portreserve-probe --symbol bindresvport`;
      expect(await guest.output(thief)).toBe('{"port":632}\n');
      // Without it the same program takes the port (control).
      await guest.output("portreservectl uninstall", { timeout: 120_000 });
      expect(await guest.output(thief)).toBe('{"port":631}\n');
    } finally {
      await guest.stop();
    }
  },
  300_000,
);
