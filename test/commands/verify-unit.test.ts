// verify --unit and reserve under real systemd: with a drop-in the proof in the unit's sandbox holds, without it fails.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { BUS, noBus, startBus } from "../support/guest/bus.ts";
import { bootGuest, type Guest } from "../support/guest/guest.ts";
import { noGuest } from "../support/guest/support.ts";
import { schemaFaults } from "../support/schema.ts";
import { MAIN, NODE } from "../support/stage/stage.ts";

const reason = noGuest();
const SERVICE =
  '[Service]\nExecStart=/bin/sleep 1000\nProtectSystem=strict\nPrivateTmp=yes\nProtectHome=yes\nNoNewPrivileges=yes\nSystemCallFilter=@system-service\nEnvironment="A=b c" D=%%\n';

const BARE = "[Service]\nExecStart=/bin/sleep 1000\n";

async function ctl(guest: Guest, ...args: readonly string[]) {
  return await guest.run('exec "$@"', { args: [NODE, MAIN, ...args], timeout: 60_000 });
}

async function how(guest: Guest, unit: string) {
  const { stdout, stderr } = await ctl(guest, "verify", "--unit", unit, "--json");
  const document = JSON.parse(stdout);
  expect([stderr, schemaFaults("verify", document)]).toEqual(["", []]);
  return document as { how: { way: string; state: string; reason: string | null }; verdict: string };
}

describe.skipIf((reason ?? noBus) !== undefined)(named("verify --unit", reason ?? noBus), () => {
  test("proves it in the sandbox of the unit, and finds what its socket unit reserves", {
    timeout: 480_000,
  }, async () => {
    const guest = await bootGuest({
      files: {
        ...BUS,
        "/etc/portreserve/cups": "631\n",
        "/etc/bindresvport.blacklist": "",
        "/etc/systemd/system/with.service": SERVICE,
        "/etc/systemd/system/without.service": SERVICE,
        "/etc/systemd/system/bare.service": BARE,
        "/etc/systemd/system/noexec.service": `${BARE}NoExecPaths=/\nExecPaths=/bin/sleep /lib64 /lib/x86_64-linux-gnu/libc.so.6\n`,
        "/etc/systemd/system/listens.socket": "[Socket]\nListenStream=700\nListenDatagram=701\n",
        "/etc/systemd/system/listens.service": "[Service]\nExecStart=/bin/sleep 1000\n",
      },
    });
    try {
      const installed = await ctl(guest, "install", "--unit", "with", "bare", "noexec");
      expect([installed.status, installed.stderr]).toEqual([0, expect.any(String)]);
      const plain = await how(guest, "bare");
      expect(plain).toMatchObject({ how: { way: "environment in a namespace", state: "good" }, verdict: "covered" });
      const weaker = await how(guest, "with");
      const left =
        "made without ProtectSystem=, ProtectHome=, PrivateTmp=, NoNewPrivileges= and SystemCallFilter= of the unit";
      expect(weaker).toMatchObject({ how: { state: "none", reason: left }, verdict: "unknown" });
      expect(await how(guest, "without")).toMatchObject({ how: { state: "bad" }, verdict: "not covered" });
      await guest.output("systemctl start listens.socket");
      expect((await ctl(guest, "reserve", "listens")).status).toBe(0);
      expect(String(await guest.read("/etc/portreserve/listens"))).toBe(
        "# written by 'portreservectl reserve listens.service'\n700/tcp\n701/udp\n",
      );
      await startBus(guest);
      const good = await how(guest, "with");
      expect(good).toMatchObject({ how: { way: "systemd-run", state: "good", reason: null }, verdict: "covered" });
      const bad = await how(guest, "without");
      expect(bad).toMatchObject({ how: { way: "systemd-run", state: "bad" }, verdict: "not covered" });
      // systemd cannot start the probe there: what is proved without the sandbox does not count.
      expect(await how(guest, "noexec")).toMatchObject({
        how: {
          way: "environment in a namespace",
          state: "none",
          reason: "made without ExecPaths= and NoExecPaths= of the unit",
        },
        verdict: "unknown",
      });
    } finally {
      await guest.stop();
    }
  });
});
