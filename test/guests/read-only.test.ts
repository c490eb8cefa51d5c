// A host of which /etc, or all but /var, is read-only from early in the boot on: the table counts, and what cannot be done is said.
import { describe, expect, test } from "vitest";
import { PATH_UNITS } from "../../src/core/systemd/unit-texts.ts";
import { named } from "../support/can.ts";
import type { Guest } from "../support/guest/guest.ts";
import type { Engine } from "../support/guest/keeper.ts";
import { failedUnits, quiet } from "../systemd/fresh.ts";
import { note } from "./support/evidence.ts";
import { bootRelease, NATIVE, releases } from "./support/releases.ts";

interface Scene {
  readonly engine: Engine;
  readonly what: string;
  /** What is mounted read-only. */
  readonly place: string;
  readonly mounts: string;
}

/** Milliseconds: for what takes seconds on a busy machine. */
const PATIENT = { timeout: 120_000 };
const SCENES: Readonly<Record<string, Scene>> = {
  bookworm: { engine: "unshare", what: "/etc", place: "/etc", mounts: "mount --bind /etc /etc" },
  trixie: { engine: "nspawn", what: "all but /var", place: "/", mounts: "mount --bind /var /var" },
};

const readOnly = ({ mounts, place }: Scene): string => `[Unit]
DefaultDependencies=no
Before=local-fs-pre.target portreserve.service
ConditionPathExists=/etc/make-read-only
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c "${mounts}; mount -o remount,bind,ro ${place}"
`;

/** Its process id makes the port the first choice. */
const thief = (port: number): string => `[Service]
Type=exec
ExecStart=/bin/sh -c "exec ${NATIVE}/portreserve-pidexec --pid ${50 * 424 + port - 600} -- ${NATIVE}/portreserve-probe --symbol bindresvport --hold >/run/%N.out"
ExecStartPost=/bin/sh -c "until [ -s /run/%N.out ]; do sleep 0.02; done"
`;

const UNITS = "/etc/systemd/system";
const FILES = {
  [`${UNITS}/first.service`]: thief(749),
  [`${UNITS}/second.service`]: thief(760),
  [`${UNITS}/sysinit.target.d/read-only.conf`]: "[Unit]\nWants=read-only.service\n",
  [`${UNITS}/multi-user.target.d/thieves.conf`]: "[Unit]\nWants=first.service second.service\n",
  "/etc/portreserve/one": "749/tcp\n",
};
const GIVEN = "cat /run/first.out /run/second.out";
const given = (first: number, second: number): string => `{"port":${first}}\n{"port":${second}}\n`;

/** What the unit has said in this boot: by the name that systemd gave the stream, as the process may be gone when the journal looks. */
const said = (guest: Guest): Promise<string> =>
  guest.output("journalctl --sync; journalctl -q -o cat -b -u portreserve.service -t portreserve");

/** Debian has some of its own that do not like it. */
const ours = async (guest: Guest): Promise<readonly string[]> =>
  (await failedUnits(guest)).filter((unit) => unit.startsWith("portreserve"));

const REFUSED = `portreservectl: error: cannot write '/etc/portreserve.table': read-only file system; the old table is still in use
hint: the file system is mounted read-only: see 'findmnt -T /etc', remount it, then run it again
`;

describe.each(await releases())("$suite", ({ suite, reason }) => {
  const scene = SCENES[suite] as Scene;
  const { engine, what, place } = scene;
  describe.skipIf(reason !== undefined)(named(`with ${what} read-only`, reason), () => {
    test("boots with the table in force, says what it cannot write, and heals", async () => {
      const files = { ...FILES, [`${UNITS}/read-only.service`]: readOnly(scene) };
      const guest = await bootRelease(suite, { engine, files });
      try {
        expect(await guest.output(GIVEN)).toBe(given(749, 760));
        await guest.output("systemctl stop first second");
        expect(await guest.run("portreservectl install", PATIENT)).toMatchObject({ status: 0, stderr: "" });
        await quiet(guest);

        // Everything is compiled: an image as it is delivered.
        await guest.output("touch /etc/make-read-only");
        await guest.reboot();
        await quiet(guest);
        expect(await guest.run("touch /etc/trial")).toMatchObject({
          stderr: expect.stringContaining("Read-only file system"),
        });
        expect(await ours(guest)).toEqual([]);
        expect(await said(guest)).toMatch(/^unchanged: '\/etc\/portreserve\.table', generation 1, .*\n$/);
        expect(await guest.output(GIVEN)).toBe(given(750, 760));

        // Somebody has added a line since, which is not compiled.
        const writable = `mount -o remount,bind,rw ${place}`;
        await guest.output(`${writable}; systemctl stop ${PATH_UNITS.join(" ")}; echo 760/tcp >/etc/portreserve/two`);
        await guest.reboot();
        await quiet(guest);
        expect(await ours(guest)).toEqual(["portreserve-recompile@failure.service", "portreserve.service"]);
        expect(await said(guest)).toBe(REFUSED);
        expect(await guest.output(GIVEN)).toBe(given(750, 760));
        expect(await guest.run("portreservectl compile", PATIENT)).toMatchObject({
          status: 3,
          stdout: "",
          stderr: REFUSED,
        });
        const { table, answers } = JSON.parse(await guest.output("portreservectl status --json", PATIENT));
        expect(table).toMatchObject({ state: "stale", reason: null, generation: "1", retired: false });
        expect(answers.filter(({ state }: { state: string }) => state !== "good")).toEqual([
          {
            id: "fresh",
            question: "is the table what the configuration asks for?",
            state: "bad",
            answer: "the configuration has changed since it was compiled",
            hint: "portreservectl compile",
          },
        ]);
        const verified = await guest.run("portreservectl verify --quick", PATIENT);
        expect({ ...verified, stdout: verified.stdout.split("\n").slice(0, 3) }).toMatchObject({
          status: 1,
          stdout: [
            expect.stringMatching(/^the host: not covered/),
            "no: is the table what the configuration asks for? the configuration has changed since it was compiled → portreservectl compile",
            expect.stringMatching(/^760\/tcp: stolen by portreserve-probe \d+, reserved for two$/),
          ],
        });

        await guest.output(`${writable}; systemctl start portreserve.service; systemctl restart second`);
        expect(await guest.output(GIVEN)).toBe(given(750, 761));
        note(
          `${what} read-only from early in the boot on`,
          suite,
          engine,
          "749 stolen without portreserve; 760, added but not compiled, handed out",
          "boots, 749 never handed out; compile, the journal, status and verify say what is wrong; heals when writable",
          "2 boots",
        );
      } finally {
        await guest.stop();
      }
    });
  });
});
