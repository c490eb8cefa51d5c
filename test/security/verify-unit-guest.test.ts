// verify --unit under real systemd: what somebody else than root may write decides nothing of what runs as root.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { bootGuest, type Guest } from "../support/guest/guest.ts";
import { noGuest } from "../support/guest/support.ts";
import { control, fixed, type Manager } from "./scene.ts";
import { isHostRoot, library, type Seen, seenIn, told } from "./witnesses.ts";

const reason = noGuest() ?? skipReason({ program: "dbus-daemon", package: "dbus-daemon" });

/** A message bus, of which the packages bring no units to every machine. */
const BUS = {
  "/etc/bus.conf": `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/></policy>
</busconfig>
`,
  "/etc/systemd/system/dbus.socket": "[Socket]\nListenStream=/run/dbus/system_bus_socket\n",
  "/etc/systemd/system/dbus.service":
    "[Unit]\nRequires=dbus.socket\n[Service]\nExecStart=/usr/bin/dbus-daemon --config-file=/etc/bus.conf --address=systemd: --nofork --nopidfile\n",
};

/** /var/his is a folder of the user's. */
const UNITS = {
  trusted: "User=nobody\nEnvironment=LD_PRELOAD=/opt/roots/preload.so",
  users: "User=nobody\nEnvironmentFile=/var/his/environment",
  roots: "EnvironmentFile=/var/his/environment",
  library: "Environment=LD_PRELOAD=/var/his/preload.so",
  bound: "BindReadOnlyPaths=/var/his/list:/etc/ld.so.preload",
  filtered: "User=nobody\nNoNewPrivileges=yes\nSystemCallFilter=@system-service\nEnvironmentFile=/var/his/environment",
} as const;
const NAMES = Object.keys(UNITS) as (keyof typeof UNITS)[];

/** The package of a manager, as files of a guest. */
function packageOf(main: string, at: string): Readonly<Record<string, Uint8Array>> {
  const folder = path.resolve(main, "../..");
  const names = readdirSync(folder, { recursive: true, encoding: "utf8", withFileTypes: true });
  return Object.fromEntries(
    names
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => {
        const file = path.join(parentPath, name);
        return [path.join(at, path.relative(folder, file)), readFileSync(file)];
      }),
  );
}

async function withGuest<T>(use: (guest: Guest) => Promise<T>): Promise<T> {
  const units = NAMES.map((name) => [
    `/etc/systemd/system/${name}.service`,
    `[Service]\nExecStart=/bin/sleep 1000\n${UNITS[name]}\n`,
  ]);
  const guest = await bootGuest({
    files: {
      ...BUS,
      ...Object.fromEntries(units),
      ...packageOf(await fixed.main(), "/opt/fixed"),
      ...packageOf(await control.main(), "/opt/old"),
      "/etc/bindresvport.blacklist": "",
      "/etc/portreserve/cups": "631\n",
      "/opt/roots/preload.so": readFileSync(library()),
      "/var/his/preload.so": readFileSync(library()),
      "/var/his/environment": "LD_PRELOAD=/var/his/preload.so\n",
      "/var/his/list": "/var/his/preload.so\n",
      "/var/his/witness.log": "",
      "/etc/ld.so.preload": "",
    },
  });
  try {
    await guest.output(`chown -R nobody: /var/his; chmod 666 /var/his/witness.log; ln -s /var/his/witness.log /opt/roots; chmod 755 /opt/*/prebuilds/*/*
systemctl start dbus.socket dbus.service
until systemd-run --wait --quiet --collect true 2>/dev/null; do sleep 0.02; done`);
    return await use(guest);
  } finally {
    await guest.stop();
  }
}

interface Verified {
  readonly document: { readonly how: { readonly way: string; readonly state: string; readonly reason: string | null } };
  readonly seen: readonly Seen[];
}

async function verified(guest: Guest, manager: Manager, unit: string): Promise<Verified> {
  await guest.output(": >/var/his/witness.log");
  const main = `/opt/${manager.isFixed ? "fixed" : "old"}/dist/portreservectl.mjs`;
  const { stdout } = await guest.run('exec "$@"', {
    args: [process.execPath, main, "verify", "--unit", unit, "--json"],
    timeout: 100_000,
  });
  return { document: JSON.parse(stdout), seen: seenIn(String(await guest.read("/var/his/witness.log"))) };
}

describe.skipIf(reason !== undefined)(named("verify --unit under systemd", reason), { timeout: 300_000 }, () => {
  test("runs nothing of a user's as root, or with a right that he does not have", async () => {
    await withGuest(async (guest) => {
      for (const name of NAMES) {
        const { document, seen } = await verified(guest, fixed, name);
        expect([name, seen.filter(isHostRoot).map(told)]).toEqual([name, []]);
        if (name === "trusted") {
          // It is a proof, made by the unit's user with the library that the unit asks for, and without a right beside.
          expect([document.how.way, [...new Set(seen.map(({ uid }) => uid))]]).toEqual(["systemd-run", [65534]]);
          expect(seen.filter(({ cap }) => cap !== 0n).map(told)).toEqual([]);
        } else {
          expect(seen.map(told)).toEqual([]);
          expect(document.how).toMatchObject({ state: "none", reason: expect.stringContaining("/var/his") });
        }
      }
    });
  });

  test("runs it as root by a manager of old (the control)", async () => {
    await withGuest(async (guest) => {
      for (const name of NAMES) {
        const { seen } = await verified(guest, control, name);
        expect([name, seen.filter(isHostRoot).length > 0]).toEqual([name, true]);
      }
    });
  });
});
