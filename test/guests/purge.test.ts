// The package comes and goes, in either order: programs always start, and in the end nothing of it is left.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { packed } from "../package/tarball.ts";
import { named } from "../support/can.ts";
import type { Guest } from "../support/guest/guest.ts";
import { lineDifferences, listingBut, pruned } from "../support/guest/tree.ts";
import { note } from "./support/evidence.ts";
import { bootRelease, HOME, releases, type Suite } from "./support/releases.ts";
import {
  expectNothingStolen,
  expectStolen,
  lootOf,
  settleThieves,
  startThieves,
  stopThieves,
  THIEVES,
} from "./support/upgrade-thieves.ts";

const TARBALL = "/root/package.tgz";
const NPM = "npm --cache /tmp/npm --offline --no-audit --no-fund --no-update-notifier --global";
const ADD = `${NPM} install ${TARBALL}`;
const REMOVE = `${NPM} uninstall portreserve`;
/** The manager that `install` has put there, for when the package is gone. */
const LEFT = "/usr/local/bin/node /usr/lib/portreserve/dist/portreservectl.mjs";

/** Where daemons and systemd write by themselves. */
const THEIRS = [
  ...["/var/log", "/var/cache", "/var/lib/systemd", "/var/lib/nfs", "/var/lib/dovecot", "/var/spool"],
  ...["/var/tmp/systemd-private-*", "/etc/cups/subscriptions.conf*", "/root/thieves.log"],
];
/** Every other file of the root's own file system with its kind, mode, owner, size and target, and the bytes of what is in /etc. */
const TREE = `{
  ${listingBut(THEIRS)}
  find /etc -xdev ${pruned(THEIRS)} -o -type f -exec sha256sum {} +
} | sort`;

/** The libraries of ours in the processes that run, and the units of ours that systemd knows. */
const TRACES = `grep -l portreserve /proc/[0-9]*/maps 2>/dev/null; systemctl list-units --all --no-legend 'portreserve*'; systemctl list-unit-files --no-legend 'portreserve*'; true`;

const SERVICES = "systemctl is-active rpcbind dovecot cups";
const ALL_ACTIVE = "active\nactive\nactive\n";

/** The lines by which two listings differ. */
const difference = (before: string, after: string): readonly string[] =>
  lineDifferences(before.split("\n"), after.split("\n"));

/** The package is removed while its shim is in force: what is in force stays so, also after a reboot. */
async function removeWithoutUninstall(guest: Guest): Promise<void> {
  await guest.output("portreservectl install && systemctl enable -q thieves");
  await guest.output(REMOVE);
  expect(await guest.run(`ls ${HOME}; command -v portreservectl`)).toMatchObject({ status: 127, stdout: "" });
  await guest.reboot();
  expect(await guest.output(SERVICES)).toBe(ALL_ACTIVE);
  expect(await guest.run("ls -d /etc")).toEqual(expect.objectContaining({ stdout: "/etc\n", stderr: "" }));
  await settle(guest);
  const loot = await lootOf(guest);
  expectNothingStolen(loot);

  // The units go on with the manager of their own: the port that every thief got up to now is reserved.
  const late = loot.fresh.at(-1) ?? 0;
  expect(await guest.run(`${LEFT} lookup ${late}/tcp`)).toMatchObject({ status: 1 });
  await guest.output(`echo ${late} >/etc/portreserve/late
for attempt in $(seq 500); do ${LEFT} lookup ${late}/tcp >/dev/null && exit 0; sleep 0.02; done; exit 1`);
  const { fresh, said } = await lootOf(guest);
  expect({ last: fresh.slice(-8).filter((port) => port <= late), said }).toEqual({ last: [], said: [] });
  await stopThieves(guest);
  await guest.output("systemctl disable -q thieves; rm /etc/portreserve/late");
}

async function settle(guest: Guest): Promise<void> {
  await settleThieves(guest);
  await startThieves(guest);
}

/** Takes away what a removal of the package has left: with that manager itself, or with the package once more. */
async function recover(guest: Guest, suite: Suite): Promise<void> {
  if (suite === "bookworm") {
    await guest.output(`${LEFT} uninstall`);
    return;
  }
  await guest.output(ADD);
  await guest.output("portreservectl uninstall");
  await guest.output(REMOVE);
}

describe.each(await releases())("$suite", ({ suite, reason }) => {
  const engine = suite === "bookworm" ? "unshare" : "nspawn";

  test.skipIf(reason !== undefined)(
    named("leaves nothing after uninstall, and programs that start when only the package is removed", reason),
    async () => {
      const files = { ...THIEVES, [TARBALL]: readFileSync(packed()) };
      const guest = await bootRelease(suite, { engine, files });
      try {
        await settle(guest);
        expectStolen(await lootOf(guest));
        await stopThieves(guest);
        await guest.output(REMOVE);
        const before = await guest.output(TREE);
        expect(before).not.toContain("libportreserve");
        expect(await guest.output(TRACES)).toBe("");

        await guest.output(ADD);
        await removeWithoutUninstall(guest);
        expect(difference(before, await guest.output(TREE))).toContainEqual(
          expect.stringMatching(/^\+ \/etc\/ld\.so\.preload f 644 0:0 /),
        );
        await recover(guest, suite);
        expect(difference(before, await guest.output(TREE))).toEqual([]);

        await guest.output(ADD);
        await guest.output("portreservectl install; systemctl restart rpcbind dovecot");
        expect((await guest.output(TRACES)).split("\n").length).toBeGreaterThan(5);
        await guest.output("portreservectl uninstall");
        await guest.output(REMOVE);
        expect(difference(before, await guest.output(TREE))).toEqual([]);

        await guest.reboot();
        expect(await guest.output(TRACES)).toBe("");
        expect(await guest.output(SERVICES)).toBe(ALL_ACTIVE);
        expect(difference(before, await guest.output(TREE))).toEqual([]);
        await settle(guest);
        const { fresh, old, daemon } = await lootOf(guest);
        expectStolen({ fresh, old, daemon, said: [] });
        note(
          "the package removed, with uninstall and without",
          suite,
          engine,
          "631 stolen before the package came, and after it went",
          "no file, unit or mapped library left; without uninstall all is covered, also after a reboot",
          `${before.split("\n").length} files compared`,
        );
      } finally {
        await guest.stop();
      }
    },
  );
});
