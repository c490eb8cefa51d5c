// verify --unit: what a unit's environment file keeps from other users stays out of command lines, which every user may read.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { attack, fixed, notHere } from "./scene.ts";

const SECRET = "word-that-is-secret";

/** Every program on the way to the probe tells its command line; `control` is how one would be given away. */
const SCRIPT = `echo "PASSWORD=${SECRET}" >/etc/some.env; chmod 600 /etc/some.env
step install ctl install
for folder in /usr/bin /usr/sbin; do ln -s "$MINE/witness.log" $folder/witness.log; done
mkdir -p /usr/lib/portreserve-real
for name in sh dash env setpriv unshare; do
  [ ! -f /usr/bin/$name ] || [ -h /usr/bin/$name ] || { mv /usr/bin/$name /usr/lib/portreserve-real/$name; cp "$MINE/bin/true" /usr/bin/$name; }
done
begin user; step user ctl verify --unit ofuser
begin root; step root ctl verify --unit ofroot
begin control; env PASSWORD=${SECRET} /bin/true
begin end
`;

describe.skipIf(notHere !== undefined)(named("verify --unit", notHere), { timeout: 300_000 }, () => {
  test("shows nobody what only root and the unit may read", async () => {
    const service = (user: string): string =>
      `[Service]\nExecStart=/bin/sleep 1\n${user}EnvironmentFile=/etc/some.env\n`;
    const { step, seen } = await attack(SCRIPT, {
      main: await fixed.main(),
      etc: { "systemd/system/ofuser.service": service("User=nobody\n"), "systemd/system/ofroot.service": service("") },
    });
    const given = (name: string): readonly string[] =>
      seen(name).flatMap(({ cmd, via }) => (cmd.includes(SECRET) ? [via] : []));
    for (const name of ["user", "root"]) {
      expect([name, (step(name).status ?? 128) < 4, seen(name).length > 0, given(name)]).toEqual([
        name,
        true,
        true,
        [],
      ]);
    }
    expect(given("control")).toEqual(["env"]);
  });
});
