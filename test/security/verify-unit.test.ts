// verify --unit without systemd: what somebody else than root may write decides nothing of what root runs.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { type Attacked, asRoot, attack, control, fixed, type Manager, notHere } from "./scene.ts";

/** Units, all of which lead to a library of the user's: `FILE` stands for an environment file of his. */
const UNITS = {
  users: "User=nobody\nEnvironmentFile=FILE",
  roots: "EnvironmentFile=FILE",
  optional: "EnvironmentFile=-FILE",
  library: "Environment=LD_PRELOAD=MINE/preload.so",
  auditor: "Environment=LD_AUDIT=MINE/audit.so",
} as const;
const NAMES = Object.keys(UNITS) as (keyof typeof UNITS)[];

const SCRIPT = `cp -a /etc/owned "$MINE/environment" && echo "LD_PRELOAD=$MINE/preload.so" >"$MINE/environment"
sed -i "s|FILE|$MINE/environment|; s|MINE|$MINE|" /etc/systemd/system/*.service
step install ctl install
${NAMES.map((name) => `begin ${name}\nstep ${name} ctl verify --unit ${name}`).join("\n")}
`;

const runs = new Map<Manager, Promise<Attacked>>();

async function verified(manager: Manager, name: string) {
  const etc = Object.fromEntries(
    NAMES.map((unit) => [`systemd/system/${unit}.service`, `[Service]\nExecStart=/bin/sleep 1000\n${UNITS[unit]}\n`]),
  );
  const run = runs.get(manager) ?? manager.main().then((main) => attack(SCRIPT, { main, etc: { owned: "", ...etc } }));
  runs.set(manager, run);
  const { step, seen } = await run;
  return { ran: step(name), asRoot: asRoot(seen(name)) };
}

describe.skipIf(notHere !== undefined)(named("verify --unit without systemd", notHere), { timeout: 300_000 }, () => {
  test.for(NAMES)("of the unit '%s': nothing of the user's runs as root", async (name) => {
    const { ran, asRoot } = await verified(fixed, name);
    expect(ran.status, ran.stderr).toBeLessThan(4);
    expect(asRoot).toEqual([]);
  });

  test.for(NAMES)("of the unit '%s', by a manager of old (the control): it does", async (name) => {
    expect((await verified(control, name)).asRoot).not.toEqual([]);
  });
});
