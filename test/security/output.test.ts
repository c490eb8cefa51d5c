// status --output: root writes the file that was named, and no other, whoever made links of that name.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { type Attacked, attack, control, fixed, type Manager, notHere } from "./scene.ts";

/** What a user made before root writes to $OUT, in a folder where everybody may make files; $KEPT is a file of root's. */
const TRAPS = {
  "a link to a file of root's": "$USER ln -s $KEPT $OPEN/out; OUT=$OPEN/out",
  "a link to a file that is not there": "$USER ln -s $ROOTS/new $OPEN/out; OUT=$OPEN/out",
  "a link to a link to it": "$USER ln -s $KEPT $OPEN/first; $USER ln -s first $OPEN/out; OUT=$OPEN/out",
  "a folder that is a link": "$USER ln -s $ROOTS $OPEN/folder; OUT=$OPEN/folder/new",
  "a folder that is a link, and its file is there": "$USER ln -s $ROOTS $OPEN/folder; OUT=$OPEN/folder/kept",
  "a link back from a folder of his":
    "$USER mkdir $OPEN/his; $USER ln -s $ROOTS $OPEN/his/folder; OUT=$OPEN/his/folder/kept",
} as const;
const NAMES = Object.keys(TRAPS);

/** The file's mode, owner and text, and what else is in root's folder. */
const SCRIPT = `ROOTS=/run/roots; KEPT=$ROOTS/kept
seen() { stat -c '%a %u:%g' $KEPT; cat $KEPT; ls $ROOTS; }
step install ctl install
${Object.values(TRAPS)
  .map(
    (made, at) => `OPEN=/run/open-${at}; mkdir -m 1777 $OPEN
rm -rf $ROOTS; mkdir $ROOTS; echo of-root >$KEPT; chmod 600 $KEPT
${made}
step status-${at} ctl status --prometheus --output $OUT
step seen-${at} seen`,
  )
  .join("\n")}
own() { rm -f /run/own; echo old >/run/own; chmod "$1" /run/own; chown "$2" /run/own
  ctl status --prometheus --output /run/own && stat -c '%a %u:%g' /run/own && head -c 6 /run/own; }
step mode-600 own 600 0:0
step mode-640 own 640 0:4
step mode-new sh -c 'umask 077; rm /run/own; "$NODE" "$MANAGER" status --prometheus --output /run/own && stat -c %a /run/own'
mkdir /run/names; echo of-root >$KEPT; ln $KEPT /run/names/out
step second ctl status --prometheus --output /run/names/out
step second-seen seen
`;
const UNTOUCHED = { status: 0, stdout: "600 0:0\nof-root\nkept\n", stderr: "" };

const runs = new Map<Manager, Promise<Attacked>>();

function tried(manager: Manager): Promise<Attacked> {
  const run = runs.get(manager) ?? manager.main().then((main) => attack(SCRIPT, { main }));
  runs.set(manager, run);
  return run;
}

describe.skipIf(notHere !== undefined)(named("status --output by root", notHere), { timeout: 300_000 }, () => {
  test.for(NAMES)("where a user made %s: refused, and nothing of root's is touched", async (name) => {
    const { step } = await tried(fixed);
    const at = NAMES.indexOf(name);
    expect(step(`seen-${at}`)).toEqual(UNTOUCHED);
    expect(step(`status-${at}`)).toMatchObject({ status: 5, stdout: "", stderr: expect.stringContaining("will not") });
  });

  test.for(NAMES)("where a user made %s, by a manager of old (the control): it is written", async (name) => {
    const { step } = await tried(control);
    expect(step(`seen-${NAMES.indexOf(name)}`).stdout).not.toBe(UNTOUCHED.stdout);
  });

  test("a file that is there keeps its mode and owner, and a new one may be read by everybody", async () => {
    const { step } = await tried(fixed);
    expect(step("mode-600").stdout).toBe("600 0:0\n# HELP");
    expect(step("mode-640").stdout).toBe("640 0:4\n# HELP");
    expect(step("mode-new").stdout).toBe("644\n");
  });

  test("a file of mode 0600 is opened to everybody by a manager of old (the control)", async () => {
    expect((await tried(control)).step("mode-600").stdout).toBe("644 0:0\n# HELP");
  });

  test("another name of the same file keeps the old text", async () => {
    const { step } = await tried(fixed);
    expect([step("second").status, step("second-seen")]).toEqual([expect.any(Number), UNTOUCHED]);
  });
});
