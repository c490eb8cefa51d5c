// A compile killed between the table and the file of held ports: a port is never let go before the new table is in force.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { ctl, makeRoot, put, SERVICES, scratch, tableIn } from "../support/cli.ts";
import { MAIN, NODE } from "../support/stage/stage.ts";

const noStrace = skipReason("strace");

/** Every call by which a compile changes a file, or makes it last. */
const CALLS = ["unlink", "fchmod", "fsync", "pwrite64", "rename"] as const;
const COMPILE = [NODE, MAIN, "compile", "--root"];

function holdIn(root: string): string {
  const file = path.join(root, "etc/portreserve.hold");
  return existsSync(file) ? readFileSync(file, "utf8") : "none";
}

/** The state of both files as "TABLE, HELD", by the ports that are in them. */
function stateOf(root: string): string {
  const held = [...holdIn(root).matchAll(/^hold tcp (\d+)$/gm)].map(([, port]) => port);
  return `${tableIn(root).tcp.join(" ")}, ${held.join(" ") || "none"}`;
}

/** A root where these lines are in force, and those are to be. */
function stage(before: string, after: string): string {
  const root = makeRoot({ "etc/services": SERVICES, "etc/portreserve/x": before });
  expect(ctl(["compile", "--root", root]).status).toBe(0);
  put(root, "etc/portreserve/x", after);
  return root;
}

function countOf(call: string, root: string): number {
  const log = path.join(scratch(), "log");
  const copy = path.join(scratch(), "copy");
  cpSync(root, copy, { recursive: true });
  spawnSync("strace", ["-o", log, "-e", `trace=${call}`, ...COMPILE, copy]);
  return readFileSync(log, "utf8").match(new RegExp(`^${call}\\(`, "gm"))?.length ?? 0;
}

/** Kills a compile at each call, and gives the states that were found, after the next compile has made each good. */
function statesFound(before: string, after: string, done: string): readonly string[] {
  const seen = new Set<string>();
  for (const call of CALLS) {
    const count = countOf(call, stage(before, after));
    for (let when = 1; when <= count; when += 1) {
      const root = stage(before, after);
      const inject = `inject=${call}:signal=SIGKILL:when=${when}`;
      spawnSync("strace", ["-o", "/dev/null", "-e", `trace=${call}`, "-e", inject, ...COMPILE, root]);
      seen.add(stateOf(root));
      expect(ctl(["compile", "--root", root])).toMatchObject({ status: 0, stderr: "" });
      expect(stateOf(root)).toBe(done);
      expect(readdirSync(path.join(root, "etc")).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    }
  }
  return [...seen].sort();
}

describe.skipIf(noStrace !== undefined)(named("killed at each system call", noStrace), () => {
  test("when another port is held: the new one follows the table, and all states between were seen", () => {
    expect(statesFound("700/tcp hold\n", "701/tcp hold\n", "701, 701")).toEqual(["700, 700", "701, 700", "701, 701"]);
  }, 120_000);

  test("when nothing is held any more: the port is let go once the table is in force", () => {
    expect(statesFound("700/tcp hold\n", "701/tcp\n", "701, none")).toEqual(["700, 700", "701, 700", "701, none"]);
  }, 120_000);

  test.each([
    ["ENOSPC", "fsync", "no space left on device"],
    ["EROFS", "rename", "read-only file system"],
  ])("%s from %s for the file: the table is in force, the old file too, exit code 3", (errno, call, reason) => {
    const root = stage("700/tcp hold\n", "701/tcp hold\n");
    // The table and its folder come first.
    const when = call === "fsync" ? countOf(call, root) - 1 : countOf(call, root);
    const under = [
      "strace",
      "-o",
      "/dev/null",
      "-e",
      `trace=${call}`,
      "-e",
      `inject=${call}:error=${errno}:when=${when}`,
    ];
    const failed = ctl(["compile", "--root", root], { under });
    expect(failed).toMatchObject({ status: 3, stdout: "" });
    expect(failed.stderr).toContain(
      `error: cannot write '/etc/portreserve.hold': ${reason}; '/etc/portreserve.table' is up to date, and what was held before is held still\n`,
    );
    expect(stateOf(root)).toBe("701, 700");
    expect(ctl(["compile", "--root", root]).stdout).toMatch(
      /^unchanged: .*\n- hold 700\/tcp\n\+ hold 701\/tcp\nwritten: /,
    );
    expect(stateOf(root)).toBe("701, 701");
  });
});
