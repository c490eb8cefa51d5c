// The control of the crash and error matrices: they find out an installer that does everything wrong.
import { readFileSync } from "node:fs";
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
import { NODE } from "../support/stage/stage.ts";

const notHere = noScene();
const UNSAFE = `${NODE} ${path.resolve(import.meta.dirname, "../support/fault/unsafe.mjs")} ${built.shim}`;
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

test.skipIf(notHere !== undefined)(
  named("what was made, removed or changed is listed, and nothing that was put back", notHere),
  async () => {
    const programs = {
      CHANGE: `cd /etc
echo new >fault-new; ln -s fault-new fault-link; mkdir -m 700 fault-folder
rm passwd; chmod 600 group; chown 1:2 fstab; echo more >>hosts.deny
mv services moved; mv moved services
cp /bin/true /usr/bin/fault-true; chmod 4755 /usr/bin/fault-true
echo x >/run/fault; echo y >/tmp/fault`,
    };
    const hosts = hashOf(Buffer.concat([readFileSync("/etc/hosts.deny"), Buffer.from("more\n")]));
    const group = hashOf(readFileSync("/etc/group"));
    const fstab = hashOf(readFileSync("/etc/fstab"));
    const listing = await inScene(programs, [`save changed ${UNTOUCHED} CHANGE`], ({ run }) => run("changed").listing);
    // mount(8) makes one of its own.
    expect([...listing].filter(([name]) => name !== "/run/mount")).toEqual([
      ["/etc/fault-folder", "d 700 0:0"],
      ["/etc/fault-link", "l 777 0:0 fault-new"],
      ["/etc/fault-new", `f 644 0:0 ${hashOf(Buffer.from("new\n"))}`],
      ["/etc/fstab", `f 644 1:2 ${fstab}`],
      ["/etc/group", `f 600 0:0 ${group}`],
      ["/etc/hosts.deny", `f 644 0:0 ${hosts}`],
      ["/etc/passwd", "removed"],
      ["/run/fault", `f 644 0:0 ${hashOf(Buffer.from("x\n"))}`],
      ["/tmp/fault", `f 644 0:0 ${hashOf(Buffer.from("y\n"))}`],
      ["/usr/bin/fault-true", `f 4755 0:0 ${hashOf(readFileSync("/bin/true"))}`],
    ]);
  },
);
