// A Debian package that brings a file of /etc/portreserve: it counts at once, also for programs that run, until it is purged.
import { describe, expect, test } from "vitest";
import { PATH_UNITS } from "../../src/core/systemd/unit-texts.ts";
import { named } from "../support/can.ts";
import type { Engine } from "../support/guest/keeper.ts";
import { pathState, quiet, tablePorts, WATCHING } from "../systemd/fresh.ts";
import { note } from "./support/evidence.ts";
import { bootRelease, NATIVE, releases } from "./support/releases.ts";

/** Milliseconds: for what takes seconds on a busy machine. */
const PATIENT = { timeout: 120_000 };
const ENGINE: Readonly<Record<string, Engine>> = { bookworm: "nspawn", trixie: "unshare" };

/** Makes and installs a package that contains nothing else; dpkg writes 'name.dpkg-new' first and renames it. */
const INSTALL = `set -e
mkdir -p /root/made/DEBIAN /root/made/etc/portreserve
printf 'Package: sluice\\nVersion: %s\\nArchitecture: all\\nMaintainer: nobody <nobody@example.org>\\nDescription: trial\\n' "$1" \\
  >/root/made/DEBIAN/control
echo /etc/portreserve/sluice >/root/made/DEBIAN/conffiles
printf '%s\\n' "$2" >/root/made/etc/portreserve/sluice
dpkg-deb --root-owner-group --build /root/made /root/sluice.deb
dpkg -i /root/sluice.deb`;

/** A program that runs all the time and takes one more port for each line; with its process id, 700 is its first choice. */
const STEPPER = `[Service]
Type=exec
ExecStartPre=/bin/sh -c "rm -f /run/steps /run/stepped; mkfifo /run/steps"
ExecStart=/bin/sh -c "exec ${NATIVE}/portreserve-pidexec --pid 21300 -- ${NATIVE}/portreserve-probe --symbol bindresvport --step <>/run/steps >/run/stepped"
`;
const STEP = `have=$(wc -l </run/stepped); echo >/run/steps
until [ "$(wc -l </run/stepped)" -gt "$have" ]; do sleep 0.02; done; tail -n 1 /run/stepped`;

/** Until there is another table than that of which this is the inode. */
const REPLACED = 'until [ "$(stat -c %i /etc/portreserve.table)" != "$1" ]; do sleep 0.02; done';
/** Then the seconds since the folder changed. */
const COMPILED = `${REPLACED}
echo "$(stat -c %.9Z /etc/portreserve.table) $(stat -c %.9Y /etc/portreserve)" | awk '{ printf "%.2f", $1 - $2 }'`;

describe.each(await releases())("$suite", ({ suite, reason }) => {
  describe.skipIf(reason !== undefined)(named("a package that reserves a port", reason), () => {
    test("counts at once where the path unit watches, and until it is purged", async () => {
      const engine = ENGINE[suite] ?? "unshare";
      const guest = await bootRelease(suite, { engine, files: { "/etc/systemd/system/stepper.service": STEPPER } });
      try {
        const table = (): Promise<string> => guest.output("stat -c %i /etc/portreserve.table");
        const step = (): Promise<string> => guest.output(STEP);
        const install = (version: string, line: string) => guest.output(INSTALL, { args: [version, line] });
        const compiled = async (before: string): Promise<string> => guest.output(COMPILED, { args: [before.trim()] });

        expect(await guest.run("portreservectl install", PATIENT)).toMatchObject({ status: 0, stderr: "" });
        await quiet(guest);
        expect(await pathState(guest)).toBe(WATCHING);
        const original = await tablePorts(guest);
        expect(original).not.toContain(702);
        await guest.output("systemctl start stepper; until [ -e /run/stepped ]; do sleep 0.02; done");
        expect(await step()).toBe('{"port":700}\n');

        // The control: nothing watches, the table stays, and the port is handed out.
        await guest.output(`systemctl stop ${PATH_UNITS.join(" ")}`);
        const first = await guest.read("/etc/portreserve.table");
        await install("1", "701/tcp");
        await quiet(guest);
        expect(await guest.read("/etc/portreserve.table")).toEqual(first);
        expect(await step()).toBe('{"port":701}\n');
        await guest.output(`dpkg --purge sluice; systemctl start ${PATH_UNITS.join(" ")}`);

        const before = await table();
        await install("2", "702/tcp");
        const took = await compiled(before);
        expect(await tablePorts(guest)).toEqual([...original, 702].sort((a, b) => a - b));
        expect(await step()).toBe('{"port":703}\n');

        // Removed, not purged: its configuration stays, as dpkg has it.
        const after = await table();
        await guest.output("dpkg -r sluice");
        await quiet(guest);
        expect(await table()).toBe(after);
        // systemd has it after the service's end.
        expect(await guest.output("systemctl show -P ActiveState -P StatusText portreserve | sort")).toMatch(
          /^\d+ tcp and \d+ udp ports are in the table\ninactive\n$/,
        );
        expect(await guest.output("cat /etc/portreserve/sluice")).toBe("702/tcp\n");
        await guest.output("dpkg --purge sluice");
        // The folder was left empty, so dpkg has taken it away, too.
        await guest.output(REPLACED, { args: [after.trim()] });
        expect(await guest.run("ls /etc/portreserve")).toMatchObject({ status: 2 });
        expect(await tablePorts(guest)).toEqual(original);
        expect(
          await guest.output(
            `${NATIVE}/portreserve-pidexec --pid 21302 -- ${NATIVE}/portreserve-probe --symbol bindresvport`,
          ),
        ).toBe('{"port":702}\n');
        await quiet(guest);
        const none = await table();
        await install("3", "704/tcp");
        const again = await compiled(none);
        expect(await tablePorts(guest)).toEqual([...original, 704].sort((a, b) => a - b));
        expect(await step()).toBe('{"port":705}\n');
        note(
          "a package brings a file of /etc/portreserve, and is purged",
          suite,
          engine,
          "without the path units the table stays, and a running program gets the port",
          `in the table ${took} s after dpkg, ${again} s where the purge had taken the folder away; the running program steps over it`,
        );
      } finally {
        await guest.stop();
      }
    });
  });
});
