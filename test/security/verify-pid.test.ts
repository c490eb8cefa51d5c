// verify --pid of processes whose users chose what is loaded into them: their choice never runs with more rights than they have.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { type Attacked, asRoot, attack, control, fixed, type Manager, notHere } from "./scene.ts";
import { isBeyond, told } from "./witnesses.ts";

/** Each starts a process whose environment asks for a witness. */
const OF_A_USER = {
  "a user's": 'hold $USER env LD_PRELOAD="$MINE/preload.so" "$VICTIM"',
  "a user's that wrote its environment only later":
    'hold $USER env -i A="$(printf %0500d 0)" "$VICTIM" "LD_PRELOAD=$MINE/preload.so"',
  "a user's with an auditor": 'hold $USER env LD_AUDIT="$MINE/audit.so" LD_PRELOAD="$MINE/preload.so" "$VICTIM"',
  "a user's with no_new_privs": 'hold $USER env LD_PRELOAD="$MINE/preload.so" "$VICTIM" no-new-rights',
  "a user's with a filter": 'hold $USER env LD_PRELOAD="$MINE/preload.so" "$VICTIM" filter',
  "a user's with a group of root's": `hold setpriv --reuid=65534 --regid=0 --clear-groups -- env LD_PRELOAD="$MINE/preload.so" "$VICTIM"`,
} as const;

const ANOTHERS = "root's that has another's library";
const ROOTS_OWN = 'hold env LD_PRELOAD="$ROOTS/preload.so" "$VICTIM"';

/** Root's, but somebody else's library; and each has given up some right of root's. */
const OF_ROOT = {
  [ANOTHERS]: 'hold env LD_PRELOAD="$MINE/preload.so" "$VICTIM"',
  "root's with no_new_privs": 'hold env LD_PRELOAD="$ROOTS/preload.so" "$VICTIM" no-new-rights',
  "root's with a filter": 'hold env LD_PRELOAD="$ROOTS/preload.so" "$VICTIM" filter',
  "root's with one capability": 'hold env LD_PRELOAD="$ROOTS/preload.so" "$VICTIM" one-capability',
  "root's with another bounding set":
    'hold setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin -- env LD_PRELOAD="$ROOTS/preload.so" "$VICTIM"',
  "root's in another pid namespace":
    'hold unshare --pid --fork --kill-child -- env LD_PRELOAD="$ROOTS/preload.so" "$VICTIM"; read held </proc/$held/task/$held/children',
} as const;

const KINDS = { ...OF_A_USER, ...OF_ROOT, "root's with all rights and a library of root's": ROOTS_OWN };
const NAMES = Object.keys(KINDS);

/** $ROOTS is a folder of root's with a library of root's. */
const SCRIPT = `ROOTS=/usr/lib/roots; mkdir $ROOTS; cp "$MINE/preload.so" $ROOTS; ln -s "$MINE/witness.log" $ROOTS
step install ctl install
step own readlink /proc/self/ns/pid
${Object.values(KINDS)
  .map(
    (start, at) => `${start}
step rights-${at} cat /proc/$held/status
step pids-${at} readlink /proc/$held/ns/pid
begin ${at}
step verify-${at} "$SECRET" "$NODE" "$MANAGER" verify --pid $held
begin after
kill -KILL $held`,
  )
  .join("\n")}
`;

const runs = new Map<Manager, Promise<Attacked>>();

/** All of them, once for each manager. */
async function verified(manager: Manager, name: string) {
  const run = runs.get(manager) ?? manager.main().then((main) => attack(SCRIPT, { main }));
  runs.set(manager, run);
  const { step, seen } = await run;
  const at = NAMES.indexOf(name);
  const [status, pids] = [step(`rights-${at}`).stdout, step(`pids-${at}`).stdout.trim()];
  expect([status, pids]).toEqual([expect.stringMatching(/^CapBnd:/m), expect.stringMatching(/^pid:/)]);
  const lines = seen(String(at));
  return {
    ran: step(`verify-${at}`),
    seen: lines,
    asRoot: asRoot(lines),
    /** Who got at a key of the session in which root runs the manager. */
    withSecret: lines.filter(({ secret }) => secret !== "").map(told),
    /** What has run with a right that the process does not have. */
    beyond: lines.filter((one) => isBeyond(one, status, pids, step("own").stdout.trim())).map(told),
  };
}

describe.skipIf(notHere !== undefined)(named("verify --pid", notHere), { timeout: 300_000 }, () => {
  test.for(Object.keys(OF_A_USER))("of %s: nothing of his runs as root, or with more rights than his", async (name) => {
    const { ran, asRoot, beyond, withSecret } = await verified(fixed, name);
    expect(ran.status, ran.stderr).toBeLessThan(4);
    expect([asRoot, beyond, withSecret]).toEqual([[], [], []]);
  });

  test.for(Object.keys(OF_A_USER))("of %s, by a manager of old (the control): root runs it", async (name) => {
    const { asRoot, withSecret } = await verified(control, name);
    expect(asRoot).not.toEqual([]);
    expect(withSecret).toContainEqual(expect.stringContaining("as 65534/"));
  });

  test.for(Object.keys(OF_ROOT))("of %s: its library does not run with more rights", async (name) => {
    const { ran, seen, beyond } = await verified(fixed, name);
    expect(ran.status, ran.stderr).toBeLessThan(4);
    expect(name === ANOTHERS ? seen.map(told) : beyond).toEqual([]);
  });

  test.for(Object.keys(OF_ROOT))("of %s, by a manager of old (the control): it does", async (name) => {
    const { asRoot, beyond } = await verified(control, name);
    expect(name === ANOTHERS ? asRoot : beyond).not.toEqual([]);
  });

  // It has all the rights that it is lent.
  test("of root's with all rights and a library of root's: that is loaded, by the probe alone", async () => {
    const { seen } = await verified(fixed, NAMES.at(-1) ?? "");
    expect([...new Set(seen.map(({ exe }) => exe.replace(/.*\//, "")))]).toEqual(["portreserve-probe"]);
  });
});
