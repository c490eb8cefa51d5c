// What systemd makes of LD_PRELOAD in a drop-in: what the process gets, and what 'systemctl show' prints.
import { describe, expect, test } from "vitest";
import { parseShownEnvironment } from "../../src/core/systemd/environment.ts";
import { named } from "../support/can.ts";
import { bootGuest } from "../support/guest/guest.ts";
import { noGuest } from "../support/guest/support.ts";

const reason = noGuest();

/** The text of a unit file, what the process gets, and what 'systemctl show' of systemd 252 prints. */
const VALUES: readonly (readonly [string, string, string])[] = [
  ["LD_PRELOAD=/usr/$LIB/x.so", "/usr/$LIB/x.so", '"LD_PRELOAD=/usr/\\$LIB/x.so"'],
  ['"LD_PRELOAD=/usr/$LIB/x.so:/b c"', "/usr/$LIB/x.so:/b c", '"LD_PRELOAD=/usr/\\$LIB/x.so:/b c"'],
  ["LD_PRELOAD=/a%%b", "/a%b", "LD_PRELOAD=/a%b"],
  [`'LD_PRELOAD=/a "b"'`, '/a "b"', '"LD_PRELOAD=/a \\"b\\""'],
  [`"LD_PRELOAD=/it's"`, "/it's", `"LD_PRELOAD=/it's"`],
  ['"LD_PRELOAD=/back\\\\slash"', "/back\\slash", '"LD_PRELOAD=/back\\\\slash"'],
  ['"LD_PRELOAD=/a\\nb\\tc"', "/a\nb\tc", '"LD_PRELOAD=/a\\nb\\tc"'],
  ['"LD_PRELOAD=/a\\x01b"', "/a\u0001b", '"LD_PRELOAD=/a\\001b"'],
  ['"LD_PRELOAD=/a`b!c*"', "/a`b!c*", '"LD_PRELOAD=/a\\`b!c*"'],
  ["LD_PRELOAD=/é", "/é", "LD_PRELOAD=/é"],
  ["LD_PRELOAD=", "", "LD_PRELOAD="],
];

describe.skipIf(reason !== undefined)(named("LD_PRELOAD in a unit", reason), () => {
  test("reaches the process as it was meant, and is shown so that it can be read back", async () => {
    const guest = await bootGuest({
      files: Object.fromEntries(
        VALUES.map(([text], index) => [
          `/etc/systemd/system/value-${index}.service`,
          // cat is its own witness: what it cannot preload is a message on standard error and no more.
          `[Service]\nType=oneshot\nEnvironment=${text}\nExecStart=/bin/cat /proc/self/environ\nStandardOutput=file:/run/value-${index}\n`,
        ]),
      ),
    });
    try {
      for (const [index, [text, meant, shown]] of VALUES.entries()) {
        await guest.output(`systemctl start value-${index}`);
        const environ = String(await guest.read(`/run/value-${index}`)).split("\0");
        const shows = (await guest.output(`systemctl show -p Environment --value value-${index}`)).slice(0, -1);
        const read = parseShownEnvironment(shows).map(({ name, value }) => `${name}=${value}`);
        expect([text, environ.filter((entry) => entry.startsWith("LD_PRELOAD=")), shows, read]).toEqual([
          text,
          [`LD_PRELOAD=${meant}`],
          shown,
          [`LD_PRELOAD=${meant}`],
        ]);
      }
    } finally {
      await guest.stop();
    }
  });
});
