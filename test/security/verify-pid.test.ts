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

/** Root's, but somebody else's library; and each has given up some right of root's. */
const OF_ROOT = {
  "root's that has another's library": 'hold env LD_PRELOAD="$MINE/preload.so" "$VICTIM"',
  "root's with no_new_privs": 'hold env LD_PRELOAD="$ROOTS/preload.so" "$VICTIM" no-new-rights',
  "root's with a filter": 'hold env LD_PRELOAD="$ROOTS/preload.so" "$VICTIM" filter',
  "root's with one capability": 'hold env LD_PRELOAD="$ROOTS/preload.so" "$VICTIM" one-capability',
  "root's with another bounding set":
    'hold setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin -- env LD_PRELOAD="$ROOTS/preload.so" "$VICTIM"',
  "root's in another pid namespace":
    'hold unshare --pid --fork --kill-child -- env LD_PRELOAD="$ROOTS/preload.so" "$VICTIM"; read held </proc/$held/task/$held/children',
} as const;

/** $ROOTS is a folder of root's with a library of his. */
const LAY_ROOTS =
  'ROOTS=/usr/lib/roots; mkdir $ROOTS; cp "$MINE/preload.so" $ROOTS; ln -s "$MINE/witness.log" $ROOTS\n';

const verified = async (start: string, manager: Manager): Promise<Attacked> =>
  await attack(
    `${LAY_ROOTS}step install ctl install\n${start}
step rights cat /proc/$held/status
step pids readlink /proc/$held/ns/pid
step verify ctl verify --pid $held\n`,
    { main: await manager.main() },
  );

/** What has run with a right that the process does not have. */
function beyond({ step, seen }: Attacked): readonly string[] {
  const [status, pids] = [step("rights").stdout, step("pids").stdout.trim()];
  expect([status, pids]).toEqual([expect.stringMatching(/^CapBnd:/m), expect.stringMatching(/^pid:/)]);
  return seen.filter((one) => isBeyond(one, status, pids)).map(told);
}

const ended = ({ step }: Attacked): unknown => [step("verify").status < 4, step("verify").stderr.replace(NOTES, "")];
/** The lines that are no error. */
const NOTES = /^portreservectl: note: .*\n(hint: .*\n)?/gm;
const WELL = [true, ""];

describe.skipIf(notHere !== undefined)(named("verify --pid", notHere), () => {
  test.for(Object.entries(OF_A_USER))(
    "of %s: nothing of his runs as root, or with more rights than his",
    async ([, start]) => {
      const attacked = await verified(start, fixed);
      expect(ended(attacked)).toEqual(WELL);
      expect([asRoot(attacked.seen), beyond(attacked)]).toEqual([[], []]);
    },
  );

  test.for(Object.entries(OF_A_USER))("of %s, by a manager of old (the control): root runs it", async ([, start]) => {
    const { seen } = await verified(start, control);
    expect(asRoot(seen)).not.toEqual([]);
  });

  test.for(Object.entries(OF_ROOT))("of %s: its library does not run with more rights", async ([name, start]) => {
    const attacked = await verified(start, fixed);
    expect(ended(attacked)).toEqual(WELL);
    expect(beyond(attacked)).toEqual([]);
    if (name.includes("another's")) expect(attacked.seen).toEqual([]);
  });

  test.for(Object.entries(OF_ROOT))("of %s, by a manager of old (the control): it does", async ([name, start]) => {
    const attacked = await verified(start, control);
    expect(name.includes("another's") ? asRoot(attacked.seen) : beyond(attacked)).not.toEqual([]);
  });

  // Whoever verifies it lends that process all its rights, and takes none from it.
  test("of root's with all rights and a library of root's: that is used", async () => {
    const attacked = await verified('hold env LD_PRELOAD="$ROOTS/preload.so" "$VICTIM"', fixed);
    expect(attacked.seen.map(({ exe }) => exe)).toContainEqual(expect.stringContaining("portreserve-probe"));
    expect(attacked.seen.filter(({ exe }) => !exe.includes("portreserve-probe")).map(told)).toEqual([]);
  });
});
