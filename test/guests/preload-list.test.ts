// A preload list that leads nowhere, booted: what the recovery page calls fatal does not boot, the rest does, and the page's commands cure it.
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { type Broken, LIBRARY, LIST, libraries } from "../recovery/broken-libraries.ts";
import { cure, rows } from "../recovery/page.ts";
import { named } from "../support/can.ts";
import { put, scratch } from "../support/cli.ts";
import { bootGuest, type Guest } from "../support/guest/guest.ts";
import { ENGINES } from "../support/guest/keeper.ts";
import { note } from "./support/evidence.ts";
import { releases, rootOf } from "./support/releases.ts";

/** With these the page says that programs run all the same. */
const HARMLESS = rows.filter(({ status }) => status === 0).map(({ library }) => library as Broken);
const place = (kind: Broken): string => `/etc/broken-${HARMLESS.indexOf(kind)}.so`;

/** Takes a root as a rescue system does, with the layer as its disk, and says what its programs do before and after. */
function rescued(layer: string, root: string, commands: string): string {
  const script = `mount -t overlay -o "lowerdir=$2,upperdir=$1,workdir=$3" portreserve-guest /mnt
chroot /mnt /bin/true 2>/dev/null; echo "before: $?"
${commands}
chroot /mnt /bin/true; echo "after: $?"
cat /mnt${LIST}.broken`;
  const work = scratch();
  const words = ["--mount", "--propagation", "private", "sh", "-c", script, "sh", layer, root, work];
  return execFileSync("unshare", words, { cwd: "/", encoding: "utf8" });
}

const SERVICES = "systemctl is-active rpcbind cups dovecot";
const ALL_ACTIVE = "active\nactive\nactive\n";

/** What a program says when the list names a library of each harmless kind, a folder, and a line of anything. */
async function harmless(guest: Guest): Promise<void> {
  for (const kind of HARMLESS) {
    const bytes = libraries[kind]();
    if (bytes !== undefined) await guest.write(place(kind), bytes);
  }
  const garbage = Buffer.from(
    `garbage/${randomBytes(200)
      .toString("latin1")
      .replace(/[\0\n#]/g, "?")}\n`,
    "latin1",
  );
  const names = [...HARMLESS.map(place), "/etc"].map((name) => `${name}\n`).join("");
  await guest.write(LIST, Buffer.concat([Buffer.from(names), garbage]));
  await guest.reboot();
  expect(await guest.output(SERVICES)).toBe(ALL_ACTIVE);
  const { status, stdout, stderr } = await guest.run("/bin/echo whole");
  expect({ status, stdout }).toEqual({ status: 0, stdout: "whole\n" });
  for (const kind of HARMLESS) {
    const says = rows.find(({ library }) => library === kind)?.says ?? "";
    expect(stderr.split("\n")).toContain(says.replace("LIBRARY", place(kind)));
  }
  expect(stderr).toContain("object '/etc' from /etc/ld.so.preload cannot be preloaded");
  expect(stderr).toContain("object 'garbage/");
  await guest.run(cure("empty"));
  expect(await guest.run("/bin/echo whole")).toMatchObject({ status: 0, stdout: "whole\n", stderr: "" });
}

describe.each(await releases())("$suite", ({ suite, reason }) => {
  test.skipIf(reason !== undefined).each(ENGINES)(
    named("with a broken preload list, under %s", reason),
    async (engine) => {
      const layer = scratch();
      mkdirSync(path.join(layer, "etc"));
      put(layer, LIBRARY, libraries["is cut short"]());
      put(layer, LIST, `${LIBRARY}\n`);
      const lower = [layer, rootOf(suite)];
      const boot = (): Promise<Guest> => bootGuest({ lower, services: "installed", engine });

      // The control: with such a list there is no first process.
      await expect(boot()).rejects.toThrow("the guest has ended");
      expect(rescued(layer, rootOf(suite), cure("rescue"))).toBe(`before: 139\nafter: 0\n${LIBRARY}\n`);

      const guest = await boot();
      try {
        expect(await guest.output(SERVICES)).toBe(ALL_ACTIVE);

        const breaks = `echo ${LIBRARY} > ${LIST}`;
        const tells = "/bin/true 2>/dev/null; echo $?";
        expect(await guest.output(`${breaks}; ${tells}; ${cure("look")}${cure("empty")}${tells}`)).toBe(
          `139\n${LIBRARY}\n0\n`,
        );

        await guest.output(breaks);
        expect((await guest.run("true")).status).not.toBe(0);
        execFileSync("sh", ["-c", cure("container", { PID: String(guest.leader()) })], { cwd: "/" });
        expect(await guest.run("true")).toMatchObject({ status: 0, stderr: "" });
        expect(await guest.output(SERVICES)).toBe(ALL_ACTIVE);

        await harmless(guest);
        if (engine === "unshare") {
          await guest.output(`rm ${LIST}; mkdir ${LIST}`);
          await guest.reboot();
          expect(await guest.run(SERVICES)).toMatchObject({ stdout: ALL_ACTIVE, stderr: "" });
        }
        note(
          "a broken preload list, and the recovery page's commands",
          suite,
          engine,
          "a library that is cut short: does not boot",
          "boots after the cure from outside; an open shell and the container's cure work at once; other broken entries boot",
          `${3 + HARMLESS.length} lists`,
        );
      } finally {
        await guest.stop();
      }
    },
  );
});
