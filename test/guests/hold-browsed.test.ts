// UDP 631 of cups-browsed, which has no SO_REUSEADDR: held with the share library, at boot and at restarts, against thieves
// that no preload reaches.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { FULL } from "../support/full.ts";
import { note } from "./support/evidence.ts";
import { bootRelease, releases } from "./support/releases.ts";

const RESTARTS = FULL ? 50 : 5;
const THIEF = "/usr/local/bin/hold-thief";
const PATIENT = { timeout: 120_000 };

/** Who has 631/udp, once cups-browsed has had the time to take it or to give up. */
const HOLDER_OF_631 = `who() { ss -Hlunp 'sport = :631' | sed -n 's/.*users:(("\\([^"]*\\)".*/\\1/p' | grep -vE 'portreserve|systemd' | sort -u; }
for attempt in $(seq 150); do
  found=$(who)
  [ "$found" = cups-browsed ] && break
  sleep 0.02
done
# The thief lets go and takes again.
until [ -n "$found" ]; do found=$(who); done
echo "$found"`;

describe.each((await releases()).filter(({ suite }) => FULL || suite === "trixie"))("$suite", ({ suite, reason }) => {
  describe.skipIf(reason !== undefined)(named("the port of cups-browsed, UDP 631", reason), () => {
    test("is a thief's at boot without a hold, and its own with the share library", {
      timeout: 300_000 + RESTARTS * 10_000,
    }, async () => {
      const engine = suite === "bookworm" ? "nspawn" : "unshare";
      const guest = await bootRelease(suite, {
        engine,
        services: "asked",
        files: {
          "/etc/portreserve/cups-browsed": "631/udp\n",
          "/etc/cups/cups-browsed.conf": "BrowseRemoteProtocols cups\nBrowseLocalProtocols none\n",
          [THIEF]: readFileSync(compileC("test/guests/support/hold-thief.c", ["-static"])),
          "/etc/systemd/system/thief.service": `[Unit]
Before=cups-browsed.service
[Service]
ExecStartPre=/bin/chmod 755 ${THIEF}
ExecStart=${THIEF} udp4
`,
        },
      });
      try {
        await guest.output("portreservectl install", PATIENT);
        await guest.output(`systemctl add-wants -q multi-user.target thief.service
systemctl add-wants -q multi-user.target cups-browsed.service`);
        await guest.reboot();
        expect(await guest.output(HOLDER_OF_631)).toBe("hold-thief\n");

        await guest.output("systemctl stop thief; systemctl reset-failed; systemctl restart cups-browsed");
        expect(await guest.output(HOLDER_OF_631)).toBe("cups-browsed\n");
        // As it is, a hold would keep it out: it is refused, with the cure to paste.
        const refused = await guest.run("portreservectl hold cups-browsed", PATIENT);
        expect(refused.status).not.toBe(0);
        expect(refused.stdout + refused.stderr).toMatch(/SO_REUSEADDR/);
        expect(refused.stdout + refused.stderr).toMatch(/sudo portreservectl hold 631\/udp --share --now/);
        await guest.output("portreservectl hold cups-browsed --share --now", PATIENT);
        expect(await guest.output(HOLDER_OF_631)).toBe("cups-browsed\n");

        await guest.reboot();
        expect(await guest.output("systemctl is-active thief")).toBe("active\n");
        expect(await guest.output(HOLDER_OF_631)).toBe("cups-browsed\n");
        const owners = await guest.output(
          `for restart in $(seq ${RESTARTS}); do
  systemctl reset-failed cups-browsed 2>/dev/null
  systemctl restart cups-browsed
  ${HOLDER_OF_631}
done | sort | uniq -c | sed 's/^ *//'`,
          { timeout: 60_000 + RESTARTS * 8_000 },
        );
        expect(owners).toBe(`${RESTARTS} cups-browsed\n`);
        const got = await guest.output(
          "systemctl stop thief; journalctl --sync; journalctl -q -b -o cat -u thief | grep '^{'",
        );
        expect(JSON.parse(got).got).toBeGreaterThan(300);
        note(
          "631/udp of cups-browsed, which sets no SO_REUSEADDR, with the share library beside a static thief",
          suite,
          engine,
          "stolen at boot, with the shim installed",
          "0 thefts at boot and at restarts",
          RESTARTS + 1,
        );
      } finally {
        await guest.stop();
      }
    });
  });
});
