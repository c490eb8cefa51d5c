// verify --pid of root's processes in roots that a user made: nothing in there runs as root.
import { cpSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { imageOf } from "../install/image.ts";
import { named } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { type Attacked, asRoot, attack, control, fixed, type Manager, notHere } from "./scene.ts";
import { program } from "./witnesses.ts";

/** What the user did to a root of his ($JAIL) before root's process entered it. */
const JAILS = {
  "a file of his as /proc/self/fd/0": 'mkdir -p "$JAIL/proc/self/fd"; cp "$MINE/program" "$JAIL/proc/self/fd/0"',
  "a list of his to preload": 'echo /preload.so >"$JAIL/etc/ld.so.preload"',
  "a libc of his":
    'cp "$MINE/preload.so" "$(dirname "$JAIL$(readlink -f /lib64/ld-linux-x86-64.so.2)")/libdl.so.2"; echo /preload.so >"$JAIL/etc/ld.so.preload"; chown 0:0 "$JAIL/etc/ld.so.preload" "$JAIL/etc"',
  "all of it root's but a library":
    'chown -R 0:0 "$JAIL"; chown 65534 "$JAIL/preload.so"; echo /preload.so >"$JAIL/etc/ld.so.preload"',
  "all of it root's in a folder of his":
    'chown -R 0:0 "$JAIL"; echo /preload.so >"$JAIL/etc/ld.so.preload"; chown 65534 "$JAIL"',
} as const;
const NAMES = Object.keys(JAILS);

const SCRIPT = `step install ctl install
${Object.values(JAILS)
  .map(
    (made, at) => `JAIL=/run/jail-${at}
cp -a "$MINE/image" $JAIL
cp "$MINE/static" $JAIL/victim; cp "$MINE/preload.so" $JAIL
: >$JAIL/witness.log
chown -R 65534:65534 $JAIL/etc $JAIL/preload.so; chmod 666 $JAIL/witness.log
${made}
# Only now: nothing that changes the image may reach the host's proc.
[ -e $JAIL/proc ] || { mkdir $JAIL/proc; mount --bind /proc $JAIL/proc; }
hold chroot $JAIL /victim
step verify-${at} ctl verify --pid $held
begin ${at}; cat $JAIL/witness.log >>"$MINE/witness.log"
kill -KILL $held`,
  )
  .join("\n")}
`;

const runs = new Map<Manager, Promise<Attacked>>();

function prepare(folder: string): void {
  cpSync(imageOf(), path.join(folder, "image"), { recursive: true, verbatimSymlinks: true });
  cpSync(compileC("test/security/victim.c", ["-static"]), path.join(folder, "static"));
  cpSync(program(), path.join(folder, "program"));
}

async function verified(manager: Manager, name: string) {
  const run = runs.get(manager) ?? manager.main().then((main) => attack(SCRIPT, { main, prepare }));
  runs.set(manager, run);
  const { step, seen } = await run;
  const at = NAMES.indexOf(name);
  return { ran: step(`verify-${at}`), asRoot: asRoot(seen(String(at))) };
}

describe.skipIf(notHere !== undefined)(
  named("verify --pid of root's process in a root", notHere),
  { timeout: 300_000 },
  () => {
    test.for(NAMES)("with %s: nothing in there runs as root", async (name) => {
      const { ran, asRoot } = await verified(fixed, name);
      expect([ran.status, ran.stderr]).toEqual([expect.any(Number), ""]);
      expect(ran.status).toBeLessThan(4);
      expect(asRoot).toEqual([]);
    });

    test.for(NAMES)("with %s, by a manager of old (the control): it does", async (name) => {
      expect((await verified(control, name)).asRoot).not.toEqual([]);
    });
  },
);
