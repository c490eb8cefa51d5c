// Processes of a user's that would have root's look at the whole host wait for ever, or fail.
import { spawnSync } from "node:child_process";
import { closeSync, copyFileSync, openSync, readSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { scratch } from "../support/cli.ts";
import { compileC } from "../support/compile-c.ts";
import { noFuse } from "../support/fuse.ts";
import { OBSERVE } from "../support/held.ts";
import { ownHost } from "../support/own-host.ts";
import { built } from "../support/sandbox.ts";
import { NODE } from "../support/stage/stage.ts";

const reason = noFuse();
const USER = "setpriv --reuid=65534 --regid=65534 --clear-groups --";

interface Look {
  readonly program: unknown;
  readonly mappedTable: unknown;
  readonly lookup: unknown;
  /** Whether a plain look, which is the control, came to its end within a second. */
  readonly control: boolean;
  /** In which the look itself was made. */
  readonly seconds: number;
}

/**
 * What root sees of process $HELD, which `script` has started with $HOSTILE; a FUSE file system of $SERVER may be in $MOUNTED,
 * and shows $PROGRAM. `control`: a command that looks at it plainly.
 */
function look(script: string, control: string): Look {
  const folder = scratch();
  const file = (name: string): string => path.join(folder, name);
  copyFileSync(HOSTILE, file("program"));
  for (const name of ["shim.so", "second.so", "sparse.so"]) copyFileSync(built.shim, file(name));
  truncateSync(file("sparse.so"), 2 ** 36);
  writeFileSync(file("portreserve.table"), Buffer.alloc(4096));
  const whole = `cd "$FOLDER"; mkdir mounted empty joined; chmod 777 .
mount -t tmpfs none /mnt; mknod -m 666 /mnt/fuse c 10 229; mount --bind /mnt/fuse /dev/fuse
: >said; : >held; chmod 666 said
wait_for() { until grep -qs "$1" "$2"; do sleep 0.02; done; }
serve() { "$SERVER" "$FOLDER/program" "$FOLDER/mounted" "" "$1" >>said & echo $! >server; wait_for ready said; }
deaf() { kill -USR2 "$(cat server)"; wait_for ^deaf said; }
${script}
wait_for ready held
! [ -e server ] || deaf
{ ${control}; echo ended >ended; } >control 2>&1 &
date +%s%3N >begun; "$NODE" "$OBSERVE" $HELD >found; date +%s%3N >done
sleep 1
cat found; echo $(($(cat done) - $(cat begun))); if [ -e ended ]; then echo ended; fi
kill -9 $HELD $(cat server 2>&1 | tr -dc "0-9 ")`;
  const { stdout, stderr } = spawnSync("unshare", ownHost(whole), {
    encoding: "utf8",
    env: { PATH: process.env.PATH, FOLDER: folder, SERVER, HOSTILE, NODE, OBSERVE },
    timeout: 60_000,
    killSignal: "SIGKILL",
  });
  const [found = "", milliseconds, control_ = ""] = stdout.split("\n");
  if (stderr !== "" || found === "") throw new Error(`${stderr}: it ended without an answer`);
  return { ...(JSON.parse(found) as Look), control: control_ === "ended", seconds: Number(milliseconds) / 1000 };
}

const SERVER = compileC("test/system/fuse-server.c");
const HOSTILE = compileC("test/security/hostile-look.c");

const unseen = (text: string) => ({ unseen: expect.stringContaining(text), rootWould: false });

/** What reads one byte of the process's memory, where it has this mapped. */
const readMapped = (name: string): string =>
  `dd if=/proc/$HELD/mem bs=1 count=1 iflag=skip_bytes skip=$((0x$(grep -m 1 "/${name}" /proc/$HELD/maps | cut -d- -f1)))`;

describe.skipIf(reason !== undefined)(named("a process that keeps its readers waiting", reason), () => {
  test("by a table of its own file system is not waited for; a plain reader of its memory is kept (control)", () => {
    const found = look(
      `serve 65534; ${USER} "$HOSTILE" table mounted/portreserve.table >held & HELD=$!`,
      readMapped("portreserve.table"),
    );
    expect(found).toMatchObject({ mappedTable: unseen("FUSE file system of user 65534"), control: false });
  });

  test("by a list of libraries in such a file is not waited for; a plain reader of it is kept (control)", () => {
    const found = look(
      `serve 65534; ${USER} "$HOSTILE" page shim.so second.so mounted/program >held & HELD=$!`,
      readMapped("mounted/program"),
    );
    expect(found).toMatchObject({ lookup: unseen("its memory cannot be read"), control: false });
  });

  test("by an overlay over it, in a user namespace, is not waited for; who looks at its program is kept (control)", () => {
    const found = look(
      `${USER} unshare --user --map-root-user --mount sh -c '
"$SERVER" "$FOLDER/program" "$FOLDER/mounted" "" 0 >>said & echo $! >server
until grep -qs ready said; do sleep 0.02; done
mount -t overlay -o lowerdir=$FOLDER/mounted:$FOLDER/empty,userxattr overlay joined
exec joined/program table portreserve.table' >held & HELD=$!`,
      "cp /proc/$HELD/exe /dev/null",
    );
    expect(found).toMatchObject({ program: unseen("a file system of a user's"), control: false });
  });

  test("by root's own file system, whose server reads the question and never answers, is waited for a second", () => {
    const found = look(
      `serve 0; mounted/program table portreserve.table >held & HELD=$!
deaf() { for word in ^deaf stone-deaf; do kill -USR2 "$(cat server)"; wait_for $word said; done; }`,
      // As it was asked of old: the limit of time kills who asks, and that waits for its end.
      `"$NODE" -e 'require("child_process").spawnSync("cp", ["/proc/'$HELD'/exe", "/dev/null"], { timeout: 100, killSignal: "SIGKILL" })'`,
    );
    expect(found.control).toBe(false);
  });
});

describe.skipIf(reason !== undefined)(named("a process whose memory is made for it", reason), () => {
  test.each([
    ["a terabyte of the shim", USER, `huge portreserve.table shim.so ${2 ** 40}`],
    ["gigabytes of a file that is called one", "", `huge portreserve.table sparse.so ${3 * 10 ** 9}`],
  ])("does not end the look at the host: %s", (_, user, what) => {
    const found = look(`${user} "$HOSTILE" ${what} >held & HELD=$!`, "true");
    expect(found).toMatchObject({ mappedTable: { current: false, retired: false } });
  });

  test.each([
    ["above every number", USER, "0x8000000000000000"],
    ["at the end of all", "", "0xfffffffffffffff8"],
  ])("does not end the look at the host: libraries %s", (_, user, address) => {
    const found = look(`${user} "$HOSTILE" list shim.so second.so ${address} >held & HELD=$!`, "true");
    expect(found).toMatchObject({ lookup: unseen("cannot be read") });
  });

  test("does not make the look long: four hundred programs that never start, each of which is looked at again a dozen times", () => {
    const found = look(`${USER} "$HOSTILE" begun 400 /bin/cat >held & HELD=$!`, "true");
    // Each of these looks waits for two milliseconds.
    expect(found.seconds).toBeLessThan((400 * 11 * 2) / 1000);
  });

  test("would end a plain reader (control)", () => {
    const fd = openSync("/proc/self/mem", "r");
    try {
      expect(() => Buffer.allocUnsafe(2 ** 53)).toThrow(RangeError);
      expect(() => readSync(fd, Buffer.alloc(8), 0, 8, 2n ** 63n)).toThrow(RangeError);
    } finally {
      closeSync(fd);
    }
  });
});
