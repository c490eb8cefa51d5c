// --root by root in an image that a user may change: nothing outside of it, and no file of root's in it, is written or opened up.
import { cpSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { imageOf } from "../install/image.ts";
import { named } from "../support/can.ts";
import { type Attacked, attack, control, fixed, type Manager, notHere } from "./scene.ts";

/** What the user did to his image ($IMAGE) with a file of root's ($KEPT), of which he has only the name. */
const TRAPS = {
  "a second name of a file of root's as the table": "ln $KEPT $IMAGE/etc/portreserve.table",
  "a short file of root's as the table": "mv $KEPT $IMAGE/etc/portreserve.table; KEPT=$IMAGE/etc/portreserve.table",
  "a link to it as the table": "$USER ln -s $OUTSIDE/kept $IMAGE/etc/portreserve.table",
  "a second name of it as the list": "ln $KEPT $IMAGE/etc/ld.so.preload",
  "a second name of it as the lock": "$USER mkdir -p $IMAGE/run; ln $KEPT $IMAGE/run/portreserve.lock",
  "a link to it as the lock": "$USER mkdir -p $IMAGE/run; $USER ln -s $OUTSIDE/kept $IMAGE/run/portreserve.lock",
  "etc as a link to the outside": "mv $IMAGE/etc $IMAGE/old; $USER ln -s $OUTSIDE $IMAGE/etc",
  "etc as a link with dots to the outside":
    "mv $IMAGE/etc $IMAGE/old; $USER ln -s ../../../../../../../../../$OUTSIDE $IMAGE/etc",
} as const;
const NAMES = Object.keys(TRAPS);
const VERBS = ["compile", "install", "uninstall"] as const;

const SCRIPT = `OUTSIDE=/run/outside
# All that is outside of the image, and the file of root's, wherever it went.
seen() { stat -c '%a %u:%g %s' $KEPT; cat $KEPT; ls -A $OUTSIDE; }
${Object.values(TRAPS)
  .flatMap((made, at) =>
    VERBS.map(
      (verb) => `IMAGE=/run/image-${at}-${verb}; rm -rf $OUTSIDE; mkdir $OUTSIDE; KEPT=$OUTSIDE/kept
(umask 077; echo of-root >$KEPT)
cp -a "$MINE/image" $IMAGE; chown -R 65534:65534 $IMAGE
${made}
step before-${at}-${verb} seen
step ${verb}-${at} ctl ${verb} --root $IMAGE
step after-${at}-${verb} seen`,
    ),
  )
  .join("\n")}
`;

const runs = new Map<Manager, Promise<Attacked>>();

function prepare(folder: string): void {
  cpSync(imageOf(), path.join(folder, "image"), { recursive: true, verbatimSymlinks: true });
}

function tried(manager: Manager): Promise<Attacked> {
  const run = runs.get(manager) ?? manager.main().then((main) => attack(SCRIPT, { main, prepare }));
  runs.set(manager, run);
  return run;
}

/** Which verbs changed something of root's. */
async function changing(manager: Manager, name: string): Promise<readonly string[]> {
  const { step } = await tried(manager);
  const at = NAMES.indexOf(name);
  const state = (when: string, verb: string): string => step(`${when}-${at}-${verb}`).stdout;
  for (const verb of VERBS) expect(state("before", verb)).toMatch(/^600 0:0 8\nof-root\n/);
  return VERBS.filter((verb) => state("before", verb) !== state("after", verb));
}

describe.skipIf(notHere !== undefined)(named("--root of a user's image", notHere), { timeout: 300_000 }, () => {
  test.for(NAMES)("with %s: nothing of root's is changed", async (name) => {
    expect(await changing(fixed, name)).toEqual([]);
    const { step } = await tried(fixed);
    for (const verb of VERBS) expect(step(`${verb}-${NAMES.indexOf(name)}`).status).toBeLessThan(6);
  });

  // A manager of old fell into these two alone: the list was always put in the place of the old one, links stayed inside.
  test.for(NAMES.slice(0, 2))("with %s, by a manager of old (the control): it is", async (name) => {
    expect(await changing(control, name)).not.toEqual([]);
  });
});
