// The control of the crash and error matrices: they find out an installer that does everything wrong.
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { judge } from "../support/fault/judge.ts";
import { hashOf } from "../support/fault/listing.ts";
import { runMatrix, type Scenario } from "../support/fault/matrix.ts";
import { everyError, everyKill } from "../support/fault/points.ts";
import { inScene, noScene } from "../support/fault/run-scene.ts";
import { UNTOUCHED } from "../support/fault/scene.ts";
import { built } from "../support/sandbox.ts";
import { NODE, staged } from "../support/stage/stage.ts";

const notHere = noScene();
const UNSAFE = `${NODE} ${staged(path.resolve(import.meta.dirname, "../support/fault/unsafe.mjs"))} ${built.shim}`;
const SCENARIO: Scenario = { prepare: "true", command: UNSAFE, continuations: { again: UNSAFE } };

describe.skipIf(notHere !== undefined)(named("an installer that writes the list first, in place", notHere), () => {
  test("breaks programs when it is killed, and does not complete when it runs again", async () => {
    const { failures } = judge("control", await runMatrix(SCENARIO, everyKill));
    expect(failures).toEqual(
      expect.arrayContaining([
        expect.stringMatching(
          /^the programs changed: .*cannot be preloaded.* \[.*kill-after at call 2 \(write \/etc\/ld\.so\.preload\)/,
        ),
        expect.stringMatching(
          /^then again: \/usr\/lib\/portreserve-unsafe\.so is missing instead of f .* \[.*kill-half at call 2 /,
        ),
      ]),
    );
  }, 300_000);

  test("ends errors with a stack, and leaves things without a word", async () => {
    const { failures } = judge("control", await runMatrix(SCENARIO, everyError));
    expect(failures).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^no clear error: status 1, .* \[ENOSPC at call 1 \(openat \/etc\/ld\.so\.preload\)/),
        expect.stringMatching(/^it left \/etc\/ld\.so\.preload.* at call 3 /),
      ]),
    );
  }, 300_000);

  test("so does a program that fails, and one that is not stopped where it should be", async () => {
    const none: Scenario = { prepare: "true", command: `${NODE} -e 0`, continuations: { fails: "exit 3" } };
    const { failures } = judge(
      "control",
      await runMatrix(none, () => [{ call: 1, how: "kill-before", onward: false }]),
    );
    expect(failures).toEqual([
      'undisturbed, fails: status 3, ""',
      "the run did not make the same calls up to there [kill-before at call 1 (?)]",
      'it was not killed: status 0, "" [kill-before at call 1 (?)]',
      'then fails: status 3, "" [kill-before at call 1 (?)]',
    ]);
  }, 300_000);
});

/** What the listing says of a file of the host: its mode, owner and content, each unless told otherwise. */
function listed(file: string, { mode = "", owner = "", more = "" } = {}): string {
  const stats = statSync(file);
  const content = Buffer.concat([readFileSync(file), Buffer.from(more)]);
  return `f ${mode || (stats.mode & 0o7777).toString(8)} ${owner || `${stats.uid}:${stats.gid}`} ${hashOf(content)}`;
}

/** Regular files of this host's own /etc that no program of the scene reads; not those that a container has mounted there. */
function unread(): readonly string[] {
  const { dev } = statSync("/etc");
  return readdirSync("/etc", { withFileTypes: true })
    .filter((entry) => entry.isFile() && /^[a-z][\w.-]*$/.test(entry.name))
    .map(({ name }) => name)
    .filter((name) => !/^(passwd|shadow|group|gshadow|nsswitch|ld\.so|subuid|subgid)/.test(name))
    .filter((name) => statSync(`/etc/${name}`).dev === dev);
}

test.skipIf(notHere !== undefined)(
  named("what was made, removed or changed is listed, and nothing that was put back", notHere),
  async () => {
    const [owned = "", longer = "", moved = ""] = unread();
    const programs = {
      CHANGE: `cd /etc
echo new >fault-new; ln -s fault-new fault-link; mkdir -m 700 fault-folder
rm passwd; chmod 600 group; chown 1:2 ${owned}; echo more >>${longer}
mv ${moved} moved; mv moved ${moved}
cp /bin/true /usr/bin/fault-true; chmod 4755 /usr/bin/fault-true
echo x >/run/fault; echo y >/tmp/fault`,
    };
    const listing = await inScene(programs, [`save changed ${UNTOUCHED} CHANGE`], ({ run }) => run("changed").listing);
    // mount(8) makes one of its own.
    const found = [...listing].filter(([name]) => name !== "/run/mount");
    const expected = [
      [`/etc/${owned}`, listed(`/etc/${owned}`, { owner: "1:2" })],
      [`/etc/${longer}`, listed(`/etc/${longer}`, { more: "more\n" })],
      ["/etc/fault-folder", "d 700 0:0"],
      ["/etc/fault-link", "l 777 0:0 fault-new"],
      ["/etc/fault-new", `f 644 0:0 ${hashOf(Buffer.from("new\n"))}`],
      ["/etc/group", listed("/etc/group", { mode: "600" })],
      ["/etc/passwd", "removed"],
      ["/run/fault", `f 644 0:0 ${hashOf(Buffer.from("x\n"))}`],
      ["/tmp/fault", `f 644 0:0 ${hashOf(Buffer.from("y\n"))}`],
      ["/usr/bin/fault-true", `f 4755 0:0 ${hashOf(readFileSync("/bin/true"))}`],
    ];
    expect(new Map(found)).toEqual(new Map(expected as [string, string][]));
  },
);
