// Status of what units may still start: templates of sockets, programs beside ExecStart=, and what their sandboxes take away.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { bootGuest, type Guest } from "../support/guest/guest.ts";
import { noGuest } from "../support/guest/support.ts";
import { built, THIEF_PID } from "../support/sandbox.ts";
import { NODE, STAGE } from "../support/stage/stage.ts";
import { withGuest } from "./fresh.ts";

const reason = noGuest();
const CTL = `${NODE} ${STAGE}/dist/main.js`;
const TAKES = `${built.probe} --symbol bindresvport --hold`;
const SLEEPS = "[Service]\nExecStart=/bin/sleep 1000\n";
const OUTPUT = "StandardOutput=truncate:/run/port.out\n";

const UNITS = {
  "sk.socket": "[Socket]\nListenStream=127.0.0.1:2222\nAccept=yes\n",
  "sk@.service": `[Service]\nExecStart=/bin/sh -c 'exec ${built.pidexec} --pid ${THIEF_PID} -- ${TAKES}'\n${OUTPUT}`,
  "reload.service": `${SLEEPS}ExecReload=${built.probe} --symbol bindresvport\n`,
  "masked.service": `[Service]\nExecStart=${TAKES}\nBindReadOnlyPaths=/dev/null:/etc/ld.so.preload\n`,
  "noexec.service": `[Service]\nExecStart=${TAKES}\nNoExecPaths=/\nExecPaths=${built.probe} /lib64 /lib/x86_64-linux-gnu/libc.so.6\n`,
};

async function verdicts(guest: Guest): Promise<Readonly<Record<string, string>>> {
  const { allocators } = JSON.parse(await guest.output(`${CTL} status --json`, { timeout: 240_000 })) as {
    readonly allocators: readonly { readonly kind: string; readonly unit?: string; readonly verdict: string }[];
  };
  const rows = allocators.filter(
    ({ kind, unit = "" }) => kind === "program" && /^(sk|reload|masked|noexec)/.test(unit),
  );
  return Object.fromEntries(rows.map(({ unit, verdict }) => [unit, verdict]));
}

describe.skipIf(reason !== undefined)(named("what units may still start", reason), () => {
  test("is seen whoever starts it, and judged by what its unit takes away", { timeout: 900_000 }, async () => {
    const files = Object.entries(UNITS).map(([name, text]) => [`/etc/systemd/system/${name}`, text]);
    const booting = bootGuest({
      files: { ...Object.fromEntries(files), "/etc/portreserve/cups": "631\n", "/etc/bindresvport.blacklist": "" },
    });
    await withGuest(booting, async (guest) => {
      await guest.output("ln -s masked.service /etc/systemd/system/alias.service; systemctl start sk.socket reload");
      const none = "not covered";
      expect(await verdicts(guest)).toEqual({
        "sk@.service": none,
        "reload.service": none,
        "masked.service": none,
        "noexec.service": none,
      });
      // The control: one connection does take the port.
      await guest.output(
        `${NODE} -e 'require("net").connect(2222, "127.0.0.1")' & for try in $(seq 3000); do grep -q port /run/port.out && break; sleep 0.02; done; kill $!`,
      );
      expect(await guest.output("cat /run/port.out")).toBe('{"port":631}\n');
      await guest.output("systemctl stop 'sk@*'; systemctl reset-failed");

      await guest.output(`${CTL} install`, { timeout: 240_000 });
      expect(await verdicts(guest)).toEqual({
        "sk@.service": "covered",
        "reload.service": "covered",
        "masked.service": "unknown",
        "noexec.service": none,
      });

      // A unit by three of its names has one drop-in, which its own list does not matter for.
      const twice = await guest.run(`${CTL} install --unit masked masked.service alias`, { timeout: 240_000 });
      expect(twice).toMatchObject({ status: 0 });
      expect(twice.stderr.match(/covered when it starts/g)).toHaveLength(1);
      expect(await verdicts(guest)).toMatchObject({ "masked.service": "covered", "noexec.service": none });
      const again = await guest.run(`${CTL} uninstall --unit alias masked.service`, { timeout: 240_000 });
      expect(again).toMatchObject({ status: 0 });
      expect(await verdicts(guest)).toMatchObject({ "masked.service": "unknown" });
    });
  });
});
