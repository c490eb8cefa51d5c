// Times status, verify and ss in a booted guest, for scripts/bench/guest.mjs, which says where what is found has to go.
import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { bootRelease, HOME, releases } from "../guests/support/releases.ts";

const { BENCH_FOUND = "", BENCH_ROUNDS = "1", BENCH_TURNS = "" } = process.env;
const SUITE = "bookworm";
const lacking = (await releases()).find(({ suite }) => suite === SUITE)?.reason;

/** `turns` ends where a command fails, and what verify finds is no failure. The last one begins as after a boot. */
const MEASURE = `node=$(command -v node)
for command in status verify; do portreservectl $command >/dev/null 2>&1 || :; done
[ "$(wc -c </run/portreserve.seen)" -gt 10000 ] || exit 1 # what a look leaves for the next
/root/turns ${BENCH_ROUNDS} -- "$node" ${HOME}/dist/portreservectl.mjs status --json \\
  -- /bin/sh -c 'portreservectl verify >/dev/null 2>&1 || :' -- "$(command -v ss)" -tulpn \\
  -- /bin/sh -c 'rm /run/portreserve.seen /run/portreserve.code; exec portreservectl status --json'`;

test("status and verify of an ordinary host, beside ss", async () => {
  if (lacking !== undefined) {
    writeFileSync(BENCH_FOUND, JSON.stringify({ lacking }));
    return;
  }
  const files = { "/etc/portreserve/cups": "631\n", "/root/turns": readFileSync(BENCH_TURNS) };
  const guest = await bootRelease(SUITE, { files, engine: "nspawn", devices: "one" });
  try {
    await guest.output("chmod 755 /root/turns; portreservectl install", { timeout: 120_000 });
    await guest.reboot();
    // Nothing is kept of what has just changed.
    const [system, processes, units, outcome] = (
      await guest.output(
        `sleep 3; . /etc/os-release; echo "$PRETTY_NAME"; ls /proc | grep -c '^[0-9]'
systemctl list-units --all --no-legend '*.service' '*.socket' | wc -l
portreservectl verify >/dev/null 2>&1 && echo 'exit code 0' || echo "exit code $?"`,
        { timeout: 120_000 },
      )
    ).split("\n");
    const lines = await guest.output(MEASURE, { timeout: 800_000 });
    expect(lines).toMatch(/^\d+ \d+ \d+$/m);
    writeFileSync(BENCH_FOUND, JSON.stringify({ system, processes, units, outcome, lines }));
  } finally {
    await guest.stop();
  }
});
