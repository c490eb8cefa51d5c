// install and uninstall on a booted system: services from boot on, the units, and single services with --unit.
import { describe, expect, test } from "vitest";
import { HOLDER_FILE, HOLDER_UNIT } from "../../src/system/paths.ts";
import { named } from "../support/can.ts";
import { bootGuest, type Guest } from "../support/guest/guest.ts";
import { noGuest } from "../support/guest/support.ts";
import { THIEF_PID } from "../support/sandbox.ts";
import { NODE, STAGE } from "../support/stage/stage.ts";
import { pathState, quiet, WATCHING, withGuest } from "./fresh.ts";
import { portOf, thiefUnit } from "./thief.ts";

const reason = noGuest();
const CTL = `${NODE} ${STAGE}/dist/main.js`;

const THIEF = `${thiefUnit()}[Install]
WantedBy=multi-user.target
`;
/** The same, with a library of its own, which another file of the unit's may set too. */
const PRELOADING = `${thiefUnit(THIEF_PID - 424)}Environment=LD_PRELOAD=libc_malloc_debug.so.0 "NAME=a b"
EnvironmentFile=-/etc/default/preloading
`;

/** One process starts the other, and may not have done so yet. */
const HAVE = /: its process(es \d+ and \d+ have| \d+ has) the shim$/m;

/** The libraries of the service's main process whose names match, without their folders. */
const mapped = (unit: string, pattern: string): string =>
  `grep -Eo '[^/]*(${pattern})[^/]*$' /proc/$(systemctl show -P MainPID ${unit})/maps | sort -u`;

async function guest(units: Readonly<Record<string, string>>): Promise<Guest> {
  const files = Object.entries(units).map(([name, text]) => [`/etc/systemd/system/${name}`, text]);
  return await bootGuest({
    files: { ...Object.fromEntries(files), "/etc/portreserve/cups": "631\n", "/etc/bindresvport.blacklist": "" },
  });
}

/** Every file below /etc and /usr that differs from the host's, but what systemd itself writes. */
const CHANGED =
  "find /etc /usr -xdev -newer /etc/portreserve/cups -type f | grep -v -e machine-id -e /etc/portreserve/ | sort";

describe.skipIf(reason !== undefined)(named("install on a booted system", reason), () => {
  test("covers every service from the next boot on, follows the configuration, and leaves nothing behind", async () => {
    await withGuest(guest({ "thief.service": THIEF }), async (booted) => {
      // The control: without the shim the service steals the port.
      expect(await booted.output(`systemctl enable -q thief; systemctl start thief; ${portOf("thief")}`)).toBe(
        '{"port":631}\n',
      );
      const before = await booted.output(CHANGED);

      expect(await booted.run(`${CTL} install`)).toMatchObject({ status: 0, stderr: "" });
      // install only asks for the units to be started.
      await quiet(booted);
      expect(await pathState(booted)).toBe(WATCHING);
      await booted.reboot();
      expect(booted.state()).toBe("running");
      expect(await booted.output(portOf("thief"))).toBe('{"port":632}\n');
      await quiet(booted);
      expect(await booted.output("systemctl show -P Result -P ExecMainStatus portreserve.service")).toBe(
        "success\n0\n",
      );
      expect(await booted.output("journalctl -q -o cat -b -u portreserve.service -t portreserve")).toBe(
        "unchanged: '/etc/portreserve.table', generation 1, 1 tcp and 1 udp ports\n",
      );

      await booted.output("echo 632 >/etc/portreserve/other");
      await quiet(booted);
      expect(await booted.output(`systemctl restart thief; ${portOf("thief")}`)).toBe('{"port":633}\n');

      expect(await booted.run(`${CTL} uninstall`)).toMatchObject({ status: 0, stderr: "" });
      expect(await booted.output(CHANGED)).toBe(before);
      expect(await booted.run("systemctl cat portreserve.path portreserve.service")).toMatchObject({ status: 1 });
      expect(await booted.output(`systemctl restart thief; ${portOf("thief")}`)).toBe('{"port":631}\n');
      expect(await booted.output("systemctl --failed --no-legend")).toBe("");
    });
  });

  test("--unit covers one service beside what it preloads, at its next start or --now, and nothing else", async () => {
    const units = { "preloading.service": PRELOADING, "thief.service": THIEF };
    await withGuest(guest(units), async (booted) => {
      const libraries = mapped("preloading", "libportreserve|libc_malloc");
      await booted.output("systemctl start preloading");
      expect(await booted.output(portOf("preloading"))).toBe('{"port":631}\n');
      const before = await booted.output(CHANGED);

      expect(await booted.run(`${CTL} install --unit preloading`)).toMatchObject({
        status: 0,
        stderr:
          "portreservectl: note: 'preloading.service' runs without the shim until it is restarted\n" +
          "hint: 'systemctl restart preloading.service', or run it again with --now\n",
      });
      expect(await booted.output("cat /etc/systemd/system/preloading.service.d/50-portreserve.conf")).toBe(
        "# Written by 'portreservectl install --unit'; 'portreservectl uninstall --unit' removes it.\n[Service]\n" +
          'Environment="LD_PRELOAD=/usr/$LIB/portreserve/libportreserve.so:libc_malloc_debug.so.0"\n',
      );
      expect(await booted.output(libraries)).toBe("libc_malloc_debug.so.0\n");

      const now = await booted.run(`${CTL} install --unit preloading --now`);
      expect({ ...now, stderr: now.stderr.replace(HAVE, "") }).toMatchObject({
        status: 0,
        stdout: "unchanged: everything is in its place\n",
        stderr: "portreservectl: note: 'preloading.service' is covered\n",
      });
      expect(await booted.output(libraries)).toBe("libc_malloc_debug.so.0\nlibportreserve.so\n");
      expect(await booted.output(portOf("preloading"))).toBe('{"port":632}\n');
      expect(
        await booted.output("tr '\\0' '\\n' </proc/$(systemctl show -P MainPID preloading)/environ | grep NAME"),
      ).toBe("NAME=a b\n");
      // Nothing but that service.
      await booted.output("systemctl stop preloading; systemctl start thief");
      expect(await booted.output(portOf("thief"))).toBe('{"port":631}\n');
      await booted.output("systemctl stop thief; systemctl start preloading");

      expect(await booted.run(`${CTL} uninstall`)).toMatchObject({
        status: 0,
        stdout: `removed: '/etc/systemd/system/${HOLDER_UNIT}'\nremoved: '${HOLDER_FILE}'\n`,
        stderr:
          "portreservectl: note: '/etc/systemd/system/preloading.service.d/50-portreserve.conf' uses the shim, so the shim, its table and the manager stay\n" +
          "hint: 'portreservectl uninstall --unit preloading.service' removes it\n",
      });
      expect(await booted.run(`${CTL} uninstall --unit preloading --now`)).toMatchObject({
        status: 0,
        stderr: "portreservectl: note: 'preloading.service' is no longer covered by a drop-in\n",
      });
      expect(await booted.output(libraries)).toBe("libc_malloc_debug.so.0\n");
      expect(await booted.output(CHANGED)).toBe(before);
    });
  });

  test("--unit writes nothing for a service that does not exist, and where the drop-in would have no effect", async () => {
    await withGuest(guest({ "preloading.service": PRELOADING }), async (booted) => {
      const before = await booted.output(CHANGED);
      expect(await booted.run(`${CTL} install --unit nosuch preloading`)).toMatchObject({
        status: 1,
        stdout: "",
        stderr:
          "portreservectl: error: there is no service 'nosuch.service'; nothing was changed\n" +
          "hint: 'systemctl list-unit-files --type=service' lists them\n",
      });
      await booted.output("echo LD_PRELOAD=libdl.so.2 >/etc/default/preloading");
      expect(await booted.run(`${CTL} install --unit preloading`)).toMatchObject({
        status: 1,
        stdout: "",
        stderr:
          "portreservectl: error: the environment file '/etc/default/preloading' of 'preloading.service' sets LD_PRELOAD, and that wins over every drop-in; nothing was changed\n" +
          "hint: write '/usr/$LIB/portreserve/libportreserve.so:' in front of its value there, or take the line out\n",
      });
      await booted.output("rm /etc/default/preloading");
      expect(await booted.output(CHANGED)).toBe(before);
    });
  });

  test("uninstall leaves no compile behind that the end of another one calls for", async () => {
    const slow = "[Service]\nExecStopPost=/bin/sh -c 'touch /run/ending; sleep 1'\n";
    await withGuest(guest({ "portreserve.service.d/slow.conf": slow }), async (booted) => {
      await booted.output(`${CTL} install`);
      await quiet(booted);
      await booted.output(`rm /run/ending; systemctl start --no-block portreserve.service
until [ "$(systemctl show -P SubState portreserve.service)" = start ]; do :; done`);
      expect(await booted.run(`${CTL} uninstall`)).toMatchObject({ status: 0, stderr: "" });
      await quiet(booted);
      expect(await booted.output("ls /etc/portreserve.table /run/ending 2>/dev/null; true")).toBe("/run/ending\n");
    });
  });

  test("--unit --now takes everything back when the service does not start again", async () => {
    const fragile = `[Service]
ExecStartPre=/bin/sh -c '! grep -q libportreserve /proc/self/maps'
ExecStart=/bin/sleep 1000
`;
    await withGuest(guest({ "fragile.service": fragile }), async (booted) => {
      await booted.output("systemctl start fragile");
      const before = await booted.output(CHANGED);
      const { status, stderr } = await booted.run(`${CTL} install --unit fragile --now`);
      expect({ status, stderr: stderr.split(";").slice(-2) }).toEqual({
        status: 3,
        stderr: expect.arrayContaining([expect.stringContaining("everything is as it was before")]),
      });
      expect(await booted.output(CHANGED)).toBe(before);
      expect(await booted.output("systemctl show -P ActiveState -P DropInPaths fragile")).toBe("active\n\n");
    });
  });
});
