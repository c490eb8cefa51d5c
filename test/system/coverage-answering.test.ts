// File systems that answer with errors, or not at all: what runs from them is still there, unknown, and no look waits for it.
import { spawnSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { dropInText } from "../../src/core/systemd/drop-in.ts";
import type { UnitFacts } from "../../src/coverage/unit-facts.ts";
import { INSTALLED_SHIM } from "../../src/system/paths.ts";
import { named } from "../support/can.ts";
import { scratch } from "../support/cli.ts";
import { compileC } from "../support/compile-c.ts";
import { noFuse } from "../support/fuse.ts";
import { HOLD, OBSERVE } from "../support/held.ts";
import { ownHost } from "../support/own-host.ts";
import { NODE, STAGE } from "../support/stage/stage.ts";

const SERVER = compileC("test/system/fuse-server.c");

const reason = noFuse();

interface Look {
  readonly program: unknown;
  readonly uid: unknown;
  readonly objects: unknown;
  readonly seconds: number;
}

/** What is seen of a program that user `owner` runs from the FUSE file system of `of`, after `later`; $SERVER is the server. */
function look({ owner, of, options = "", later = ":" }: Record<string, string | number>): Look {
  const folder = scratch();
  const file = path.join(scratch(), "program");
  copyFileSync(HOLD, file);
  const script = `"$1" "$2" "$3" "${options}" ${of} >"$2.said" & SERVER=$!
until grep -qs ready "$2.said"; do sleep 0.02; done
setpriv --reuid=${owner} --regid=${owner} --clear-groups "$3/program" >"$2.held" & HELD=$!
until grep -qs ready "$2.held"; do sleep 0.02; done
${later}
"$4" "$5" $HELD
kill -9 $HELD $SERVER; umount -l "$3"`;
  const since = Date.now();
  const args = [...ownHost(script), SERVER, file, folder, NODE, OBSERVE];
  const { stdout, stderr } = spawnSync("unshare", args, { encoding: "utf8", timeout: 60_000, killSignal: "SIGKILL" });
  if (stderr !== "" || stdout === "") throw new Error(`${stderr}: it ended without an answer`);
  return { ...(JSON.parse(stdout) as Look), seconds: (Date.now() - since) / 1000 };
}

const unseen = (text: string) => ({ unseen: text, rootWould: false });
const HANGS = 'kill -USR1 $SERVER; until grep -qs hangs "$2.said"; do sleep 0.02; done';

describe.skipIf(reason !== undefined)(named("a program on a FUSE file system", reason), () => {
  test("of root's is seen while its server answers (control)", () => {
    const { program, objects } = look({ owner: 0, of: 0 });
    expect(program).toMatch(/\/program$/);
    expect(Array.isArray(objects)).toBe(true);
  });

  test("of a user's, which root may not enter, is there, and unknown", () => {
    const why = unseen("it is on a FUSE file system of user 65534, who could keep this program waiting");
    expect(look({ owner: 65534, of: 65534 })).toMatchObject({ program: why, objects: why, uid: 65534 });
  });

  test("of a user's, which root may enter, keeps nobody waiting, whether it answers or not", () => {
    const why = unseen("it is on a FUSE file system of user 65534, who could keep this program waiting");
    expect(look({ owner: 65534, of: 65534, options: "allow_other" })).toMatchObject({ program: why });
    expect(look({ owner: 65534, of: 65534, options: "allow_other", later: HANGS })).toMatchObject({ program: why });
  });

  test("that its reader's end waits for makes no process that could not be read: it has no memory any more", () => {
    // The shell's child has the file open too, and its end tells the server so.
    const reader = (later: string, seconds: number): unknown => {
      const script = `sh -c 'exec 3<"$3/program"; sleep ${seconds}; exit' sh "" "" "$3" 2>/dev/null & SHELL_ID=$!
until READER=$(tr -d " " </proc/$SHELL_ID/task/$SHELL_ID/children) && grep -qs sleep /proc/$READER/comm; do sleep 0.02; done
${later}
HELD="$READER"`;
      return look({ owner: 0, of: 0, later: script }).program;
    };
    expect(reader(":", 60)).toMatch(/\/sleep$/);
    expect(
      reader(
        `${HANGS}; until grep -q "^State:" /proc/$READER/status && ! readlink /proc/$READER/exe; do sleep 0.1; done >/dev/null`,
        2,
      ),
    ).toBeUndefined();
  });

  test("of root's is unknown once its server hangs, and the look ends", () => {
    const found = look({ owner: 0, of: 0, later: HANGS });
    const why = unseen("its file system (fuse) has not answered within a second");
    expect(found).toMatchObject({ program: why, objects: why, uid: 0 });
  });

  test("that hangs in the place of another root's table keeps nobody waiting", () => {
    const script = `"$1" "$2" "$3" "" 0 >"$2.said" & SERVER=$!
until grep -qs ready "$2.said"; do sleep 0.02; done
unshare --mount sh -c 'mount -t tmpfs none /etc; >/etc/portreserve.table
mount --bind "$1/program" /etc/portreserve.table; exec "$2"' sh "$3" "$2" >"$2.held" & HELD=$!
until grep -qs ready "$2.held"; do sleep 0.02; done
$6
"$4" "$5" $HELD
kill -9 $HELD $SERVER; umount -l "$3"`;
    const table = (later: string): unknown => {
      const file = path.join(scratch(), "program");
      copyFileSync(HOLD, file);
      const args = [SERVER, file, scratch(), NODE, OBSERVE];
      const { stdout } = spawnSync("unshare", [...ownHost(script.replace("$6", () => later)), ...args], {
        encoding: "utf8",
        timeout: 60_000,
        killSignal: "SIGKILL",
      });
      return (JSON.parse(stdout) as { readonly table: unknown }).table;
    };
    expect(table(":")).toBe("other");
    expect(table(HANGS)).toEqual(unseen("its file system (fuse) has not answered within a second"));
  });

  test("that hangs, and that units name in every way, keeps no look at the units waiting", () => {
    const file = path.join(scratch(), "program");
    copyFileSync(HOLD, file);
    const folder = scratch();
    const text = `[Service]\\nExecStart=${folder}/program\\nEnvironmentFile=${folder}/program\\nBindPaths=/dev/null:${folder}/program\\n`;
    const script = `"$1" "$2" "$3" "" 0 >"$2.said" & SERVER=$!
until grep -qs ready "$2.said"; do sleep 0.02; done
mount -t tmpfs none /run; mount -t tmpfs none /etc/systemd/system; cd /etc/systemd/system
printf '${text}' >named.service; mkdir named.service.d
printf "$6" >named.service.d/50-portreserve.conf; ln -s "$3/program" linked.service
${HANGS}
"$4" --input-type=module -e "$5"
kill -9 $SERVER; umount -l "$3"`;
    const code = `const { observeUnits } = await import(${JSON.stringify(`${STAGE}/dist/observe/units/read-units.js`)});
console.log(JSON.stringify(observeUnits().filter(({ id }) => /^(named|linked)/.test(id))));`;
    const ours = dropInText({ preload: undefined, shim: INSTALLED_SHIM }).replaceAll("%", "%%");
    const { stdout } = spawnSync(
      "unshare",
      [...ownHost(script, { alone: [] }), SERVER, file, folder, NODE, code, ours],
      {
        encoding: "utf8",
        timeout: 60_000,
        killSignal: "SIGKILL",
      },
    );
    const units = JSON.parse(stdout) as readonly UnitFacts[];
    const silent = unseen("its file system (fuse) has not answered within a second");
    expect(units.find(({ id }) => id === "linked.service")).toMatchObject({ loadState: "error", unread: silent });
    expect(units.find(({ id }) => id === "named.service")).toMatchObject({
      programs: [`${folder}/program`],
      hides: `BindPaths=/dev/null:${folder}/program`,
      dropInObstacle: { certain: false, reason: expect.stringContaining("cannot be read") },
    });
  });
});
