// The C library, libtirpc and the shim itself are replaced while everything runs: nothing fails to start, nothing is stolen.
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { manifest, packed, repacked } from "../package/tarball.ts";
import { named } from "../support/can.ts";
import type { Guest } from "../support/guest/guest.ts";
import { note } from "./support/evidence.ts";
import { bootRelease, releases } from "./support/releases.ts";
import { noUpgrade, UPGRADE, upgradeFiles } from "./support/upgrade-debs.ts";
import {
  expectNothingStolen,
  expectStolen,
  lootOf,
  settleThieves,
  startThieves,
  stopThieves,
  THIEVES,
} from "./support/upgrade-thieves.ts";

/** As long as the present one: its libraries are rewritten in place. */
const NEXT = manifest.version.replace(/\d$/, (digit) => String((Number(digit) + 1) % 10));

/** The next version of the package: other libraries, another manager. */
function nextPackage(): Uint8Array {
  const tarball = repacked(packed(), (folder) => {
    const json = path.join(folder, "package.json");
    writeFileSync(json, JSON.stringify({ ...JSON.parse(readFileSync(json, "utf8")), version: NEXT }));
    for (const name of [
      "linux-x64/libportreserve.so",
      "linux-x64/libportreserve-i386.so",
      "linux-arm64/libportreserve.so",
    ]) {
      const file = path.join(folder, "prebuilds", name);
      const bytes = readFileSync(file);
      const at = bytes.indexOf(`portreserve ${manifest.version} table `);
      if (at < 0) throw new Error(`'${name}' does not tell its version`);
      bytes.write(NEXT, at + "portreserve ".length);
      writeFileSync(file, bytes);
    }
  });
  return readFileSync(tarball);
}

/**
 * What the loader says of each dynamic program that it cannot load, or loads without the shim, and how many it has loaded.
 * Asked of the loader itself: setuid programs would start instead.
 */
const LOADED = `loader=$(ls /lib64/ld-linux-x86-64.so.2 /lib/ld-linux-aarch64.so.1 2>/dev/null)
find /usr/bin /usr/sbin /usr/lib/systemd -maxdepth 1 -type f -perm /111 | while read -r program; do
  said=$("$loader" --list "$program" 2>&1)
  case $said in
    *invalid\\ ELF\\ header* | *file\\ too\\ short* | *statically\\ linked*) ;;
    *not\\ found* | *ERROR* | *symbol\\ lookup*) echo "$program: $said" ;;
    *libportreserve.so\\ =\\>*) echo loaded ;;
    *) echo "$program: $said" ;;
  esac
done | sort | uniq -c`;

/** How many places of the file the process that is never restarted has mapped although the file is gone. */
const goneFrom = (file: string): string => `grep -c '${file}[^/]* (deleted)' /proc/20807/maps || :`;

interface Row {
  readonly name: string;
  readonly unit: string | null;
  readonly pid: number | null;
  readonly verdict: string;
  readonly reason: string | null;
  readonly hint: string | null;
}

/** What `status` says of the two that run all the time, the process that is never restarted first. */
async function running(guest: Guest): Promise<readonly Row[]> {
  const { allocators, totals } = JSON.parse(await guest.output("portreservectl status --json"));
  expect(totals).toMatchObject({ stolen: 0 });
  const rows = (allocators as readonly Row[]).filter(({ unit }) => unit === "old.service" || unit === "daemon.service");
  return rows.sort((one, other) => (one.pid ?? 0) - (other.pid ?? 0));
}

const upgrades = await Promise.all(
  (await releases()).map(async ({ suite, reason }) => ({ suite, reason: reason ?? (await noUpgrade(suite)) })),
);

describe.each(upgrades)("$suite", ({ suite, reason }) => {
  const engine = suite === "bookworm" ? "nspawn" : "unshare";

  test.skipIf(reason !== undefined)(
    named("replaces the C library, libtirpc and the shim under running programs, and loses no port", reason),
    async () => {
      const files = { ...THIEVES, ...upgradeFiles(suite), "/root/next.tgz": nextPackage() };
      const guest = await bootRelease(suite, { engine, files });
      try {
        await settleThieves(guest);
        await startThieves(guest);
        expectStolen(await lootOf(guest));
        await stopThieves(guest);

        await guest.output("portreservectl install");
        await guest.output("systemctl enable -q thieves; systemctl restart rpcbind dovecot");
        await startThieves(guest);
        expectNothingStolen(await lootOf(guest));
        expect(await guest.output(`${goneFrom("libc")}; ${goneFrom("libportreserve")}`)).toBe("0\n0\n");

        await guest.output(UPGRADE, { timeout: 120_000 });
        expectNothingStolen(await lootOf(guest));
        expect(Number(await guest.output(goneFrom("libc")))).toBeGreaterThan(0);
        expect(await guest.output(LOADED, { timeout: 60_000 })).toMatch(/^ *\d{3} loaded\n$/);
        expect(await guest.output("systemctl restart rpcbind dovecot && systemctl is-active rpcbind dovecot")).toBe(
          "active\nactive\n",
        );
        const current = { verdict: "covered", reason: null, hint: null };
        expect(await running(guest)).toMatchObject([
          { ...current, pid: 20807 },
          { ...current, unit: "daemon.service" },
        ]);

        await guest.output("npm install --global --offline --no-audit --no-fund /root/next.tgz");
        expect(await guest.output("portreservectl --version")).toBe(`${NEXT}\n`);
        expect(await guest.output("portreservectl install")).toMatch(/^changed: '.*\/libportreserve\.so'$/m);
        const hint = (unit: string): object => ({
          unit,
          verdict: "covered",
          reason: `by an older library (${manifest.version}); restart to update`,
          hint: `systemctl restart ${unit}`,
        });
        const old = await running(guest);
        expect(old).toMatchObject([hint("old.service"), hint("daemon.service")]);
        expectNothingStolen(await lootOf(guest));
        expect(Number(await guest.output(goneFrom("libportreserve")))).toBeGreaterThan(0);
        expect(await guest.output(LOADED, { timeout: 60_000 })).toMatch(/^ *\d{3} loaded\n$/);

        for (const { hint: command } of old) await guest.output(command ?? "exit 1");
        expect(await running(guest)).toMatchObject([current, current]);
        const tried = expectNothingStolen(await lootOf(guest));

        await guest.reboot();
        expect(await guest.output("systemctl is-active rpcbind dovecot cups thieves")).toBe(
          "active\nactive\nactive\nactive\n",
        );
        const after = expectNothingStolen(await lootOf(guest, { old: false }));
        // The thieves were there before CUPS.
        expect(await guest.output("ss -ntlpH 'sport = 631' | grep -c cupsd")).toBe("2\n");
        // Here a program starts at any moment, and its loader has not come to the shim yet.
        const verified = expect.stringMatching(/^the host: covered \(\d+ allocators, proved\)$/m);
        expect(await guest.run("portreservectl verify", { timeout: 60_000 })).toEqual(
          expect.objectContaining({ status: 0, stdout: verified, stderr: "" }),
        );
        note(
          "libc6, libtirpc and the shim replaced under running programs",
          suite,
          engine,
          "631 stolen by a new program, an old one and rpc.statd",
          "none stolen, every program starts",
          `${tried + after} ports`,
        );
      } finally {
        await guest.stop();
      }
    },
  );
});
