// The two standard streams: readers that go away, that are slow, and devices that are full.
import { spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { asNobody, compiled, ctl, makeRoot, put, SERVICES, start } from "../support/cli.ts";
import { MAIN, NODE } from "../support/stage/stage.ts";

describe("streams", () => {
  test.each(["--version", "--help", "list"])("a reader that goes away is no error (%s)", (verb) => {
    const root = makeRoot({ "etc/services": SERVICES, "etc/portreserve/all": "1024-4000\n" });
    ctl(["compile", "--root", root]);
    const args = verb.startsWith("-") ? [verb] : [verb, "--root", root];
    const script = `exec 3>&1; { "$@" 2>&4; echo "status $?" >&3; } 4>&2 | true`;
    const { stdout, stderr } = spawnSync("sh", ["-c", script, "sh", NODE, MAIN, ...args], {
      encoding: "utf8",
    });
    expect({ stdout, stderr }).toEqual({ stdout: "status 0\n", stderr: "" });
  });

  /** With one stream that is always full. */
  const full = (stream: 1 | 2, args: readonly string[], under: readonly string[] = []) => {
    const descriptor = openSync("/dev/full", "w");
    const [command = "", ...rest] = [...under, NODE, MAIN, ...args];
    const { status, stdout, stderr } = spawnSync(command, rest, {
      encoding: "utf8",
      stdio: ["ignore", stream === 1 ? descriptor : "pipe", stream === 2 ? descriptor : "pipe"],
    });
    closeSync(descriptor);
    return { status, text: stream === 1 ? stderr : stdout };
  };
  const LOST = "portreservectl: error: cannot write the result to standard output: no space left on device";

  test("a result that cannot be written is an error", () => {
    const root = compiled();
    for (const args of [
      ["check", "--root", root],
      ["list", "--json", "--root", root],
      ["help"],
      ["check", "--json", "x"],
    ]) {
      const { status, text } = full(1, args);
      expect({ status, last: text.split("\n").at(-2) }).toEqual({ status: 3, last: LOST });
    }
    expect(full(1, ["--version"])).toEqual({ status: 3, text: "" });
  });

  const noSandbox = skipReason("userns");
  test.skipIf(noSandbox !== undefined)(named("so is one that is written bit by bit", noSandbox), () => {
    const { status, text } = full(1, ["demo"], asNobody);
    expect({ status, first: text.split("\n")[0] }).toEqual({ status: 3, first: LOST });
  });

  test("diagnostics that cannot be written change nothing", () => {
    const root = compiled();
    put(root, "etc/portreserve/bad", "nonsense\n");
    const { status, stdout } = ctl(["check", "--root", root]);
    expect(status).toBe(1);
    expect(full(2, ["check", "--root", root])).toEqual({ status, text: stdout });
    expect(full(2, ["nosuch"])).toEqual({ status: 2, text: "" });
    expect(full(2, [])).toEqual({ status: 2, text: "" });
    expect(full(2, ["run", "--", "no-such-command"])).toEqual({ status: 127, text: "" });
    expect(full(2, ["run", "--", "echo", "ran"])).toEqual({ status: 0, text: "ran\n" });
  });

  test("a slow reader of a non-blocking pipe gets everything", async () => {
    const root = makeRoot({ "etc/services": SERVICES, "etc/portreserve/all": "1024-6000\n" });
    const expected = ctl(["list", "--root", root]).stdout;
    expect(expected.length).toBeGreaterThan(300_000);
    // Node gives its child the other end of a socket pair here; the child finds it full again and again.
    const child = start(["list", "--root", root], { stdio: ["ignore", "pipe", "ignore"] });
    await new Promise((resolve) => setTimeout(resolve, 300));
    let text = "";
    for await (const chunk of child.stdout ?? []) text += String(chunk);
    expect(text === expected).toBe(true);
  });
});
