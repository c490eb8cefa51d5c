// A unit whose own LD_PRELOAD changes after install --unit has written its drop-in: said, and mended by install.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { bootGuest, type Guest } from "../support/guest/guest.ts";
import { noGuest } from "../support/guest/support.ts";
import { built } from "../support/sandbox.ts";
import { NODE, STAGE } from "../support/stage/stage.ts";
import { withGuest } from "./fresh.ts";

const reason = noGuest();
const CTL = `${NODE} ${STAGE}/dist/main.js`;
const LONG = { timeout: 240_000 } as const;
const OLD = "libc_malloc_debug.so.0";
const NEW = "libmemusage.so";
const FILE = "/etc/systemd/system/pre.service";
const DROP_IN = `${FILE}.d/50-portreserve.conf`;

const mapped = `for try in $(seq 3000); do
  maps=/proc/$(systemctl show -P MainPID pre)/maps; grep -q probe $maps && break; sleep 0.02
done
grep -Eo '(libc_malloc_debug|libmemusage|libportreserve)[^/]*$' $maps | sort -u`;

async function row(guest: Guest): Promise<readonly unknown[]> {
  const { allocators } = JSON.parse(await guest.output(`${CTL} status --json`, { timeout: 240_000 })) as {
    readonly allocators: readonly Readonly<Record<string, unknown>>[];
  };
  const found = allocators.find(({ unit }) => unit === "pre.service");
  return [found?.kind, found?.verdict, found?.reason, found?.hint];
}

const verify = async (guest: Guest): Promise<readonly unknown[]> => {
  const { status, stdout } = await guest.run(`${CTL} verify --unit pre`, { timeout: 240_000 });
  return [status, stdout.split("\n")[0]];
};

const CHANGED = [
  "unknown",
  `its drop-in preloads ${OLD} with the shim, and its unit now says ${NEW}`,
  "portreservectl install --unit pre.service",
];

describe.skipIf(reason !== undefined)(named("a unit's own LD_PRELOAD", reason), () => {
  test("is missed where it has changed, and put into the drop-in by install", { timeout: 900_000 }, async () => {
    const text = `[Service]\nExecStart=${built.probe} --symbol bindresvport --hold\nEnvironment=LD_PRELOAD=${OLD}\n`;
    const booting = bootGuest({
      files: { [FILE]: text, "/etc/portreserve/cups": "631\n", "/etc/bindresvport.blacklist": "" },
    });
    await withGuest(booting, async (guest) => {
      // The control: as long as nothing changes, all is well, whether it runs or not.
      await guest.output(`${CTL} install --unit pre`, { timeout: 240_000 });
      expect(await row(guest)).toEqual(["program", "covered", "when it starts", null]);
      await guest.output("systemctl start pre");
      expect(await guest.output(mapped, LONG)).toBe(`${OLD}\nlibportreserve.so\n`);
      expect(await row(guest)).toEqual(["process", "covered", null, null]);
      expect(await verify(guest)).toEqual([0, "'pre.service': covered (1 allocator, proved)"]);

      await guest.output(`sed -i s/${OLD}/${NEW}/ ${FILE}; systemctl daemon-reload; systemctl restart pre`);
      expect(await guest.output(mapped, LONG)).toBe(`${OLD}\nlibportreserve.so\n`);
      expect(await row(guest)).toEqual(["process", ...CHANGED]);
      expect(await verify(guest)).toEqual([3, "'pre.service': unknown (1 allocator)"]);
      await guest.output("systemctl stop pre");
      expect(await row(guest)).toEqual(["program", ...CHANGED]);

      const mended = await guest.run(`${CTL} install --unit pre`, { timeout: 240_000 });
      expect([mended.status, mended.stdout]).toEqual([0, expect.stringContaining(DROP_IN)]);
      expect(await row(guest)).toEqual(["program", "covered", "when it starts", null]);
      await guest.output("systemctl start pre");
      expect(await guest.output(mapped, LONG)).toBe(`${NEW}\nlibportreserve.so\n`);
      expect(await verify(guest)).toEqual([0, "'pre.service': covered (1 allocator, proved)"]);
      const again = await guest.run(`${CTL} install --unit pre`, { timeout: 240_000 });
      expect([again.status, again.stdout]).toEqual([0, "unchanged: everything is in its place\n"]);

      // A drop-in that somebody has emptied by hand covers nothing.
      await guest.output(`systemctl stop pre; sed -i /Environment/d ${DROP_IN}; systemctl daemon-reload`);
      expect(await row(guest)).toEqual(["program", "not covered", "its drop-in does not name the shim", CHANGED[2]]);
      await guest.output(`${CTL} install --unit pre`, { timeout: 240_000 });
      expect(await row(guest)).toEqual(["program", "covered", "when it starts", null]);
    });
  });
});
