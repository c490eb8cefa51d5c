// A compile killed at any moment leaves the old table or the new one, byte for byte, and the next compile completes.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { native } from "../../src/core/native.ts";
import { named, skipReason } from "../support/can.ts";
import { ctl, makeRoot, put, SERVICES, scratch, start, tablePath } from "../support/cli.ts";
import { MAIN, NODE } from "../support/stage/stage.ts";

const noStrace = skipReason("strace");

/** A table in force, and a changed configuration: the next compile has something to write. */
interface Stage {
  readonly root: string;
  readonly old: Buffer;
  readonly retired: Buffer;
  /** What an undisturbed compile makes of it. */
  readonly next: Buffer;
}

let round = 0;

function change(root: string): void {
  round += 1;
  put(root, "etc/portreserve/changing", `${700 + (round % 200)}\n`);
}

function stage(root: string): Stage {
  if (!existsSync(tablePath(root))) ctl(["compile", "--root", root]);
  const old = readFileSync(tablePath(root));
  change(root);
  const copy = path.join(scratch(), "copy");
  cpSync(root, copy, { recursive: true });
  ctl(["compile", "--root", copy]);
  const retired = Buffer.from(old);
  retired.set(native().retiredMark, native().markOffset);
  return { root, old, retired, next: readFileSync(tablePath(copy)) };
}

function newRoot(): string {
  return makeRoot({ "etc/services": SERVICES, "etc/portreserve/cups": "ipp\n" });
}

function leftovers(root: string): string[] {
  return readdirSync(path.join(root, "etc")).filter(
    (name) => !["portreserve", "portreserve.table", "services"].includes(name),
  );
}

/** Which of the states that may be found is found, with the number of temporary files; anything else fails the test. */
function stateAfterKill({ root, old, retired, next }: Stage): string {
  const found = readFileSync(tablePath(root));
  const names = { old, retired, next };
  const state = Object.entries(names).find(([, bytes]) => bytes.equals(found))?.[0];
  expect(state, `a third thing: ${found.toString("hex")}`).toBeDefined();
  const files = leftovers(root);
  expect(files.length).toBeLessThanOrEqual(1);
  for (const name of files) expect(name).toMatch(/^\.portreserve\.table\.[0-9a-f]{16}\.tmp$/);
  return `${state}, ${files.length} temporary`;
}

function expectNextCompletes({ root, next }: Stage): void {
  const { status, stderr } = ctl(["compile", "--root", root]);
  expect({ status, stderr, leftovers: leftovers(root) }).toEqual({ status: 0, stderr: "", leftovers: [] });
  expect(readFileSync(tablePath(root)).equals(next)).toBe(true);
}

/** Every kind of system call by which a compile changes files, and the ones between which it can be caught. */
const CALLS = ["flock", "unlink", "fchmod", "fchown", "fsync", "pwrite64", "rename"] as const;
/** These occur often while Node starts: only the last ones are a compile's. */
const FREQUENT = ["openat", "write", "close"] as const;
const LAST = 6;

const COMPILE = [NODE, MAIN, "compile", "--root"];

/** How often the main thread makes each call in an undisturbed compile. */
function countCalls(root: string): Map<string, number> {
  const log = path.join(scratch(), "log");
  spawnSync("strace", ["-o", log, "-e", `trace=${[...CALLS, ...FREQUENT].join(",")}`, ...COMPILE, root]);
  const counts = new Map<string, number>();
  for (const [, call] of readFileSync(log, "utf8").matchAll(/^(\w+)\(/gm)) {
    if (call !== undefined) counts.set(call, (counts.get(call) ?? 0) + 1);
  }
  return counts;
}

describe.skipIf(noStrace !== undefined)(named("killed at each system call", noStrace), () => {
  test("leaves the old table or the new one, and all states between were seen", () => {
    const root = newRoot();
    stage(root);
    const counts = countCalls(root);
    const seen = new Map<string, number>();
    for (const call of [...CALLS, ...FREQUENT]) {
      const count = counts.get(call) ?? 0;
      const first = FREQUENT.some((frequent) => frequent === call) ? Math.max(1, count - LAST) : 1;
      for (let when = first; when <= count; when += 1) {
        const prepared = stage(root);
        const inject = `inject=${call}:signal=SIGKILL:when=${when}`;
        spawnSync("strace", ["-o", "/dev/null", "-e", `trace=${call}`, "-e", inject, ...COMPILE, root]);
        const state = stateAfterKill(prepared);
        seen.set(state, (seen.get(state) ?? 0) + 1);
        expectNextCompletes(prepared);
      }
    }
    expect([...seen.keys()].sort()).toEqual(
      expect.arrayContaining(["next, 0 temporary", "old, 0 temporary", "old, 1 temporary", "retired, 1 temporary"]),
    );
  }, 300_000);

  test("as it flushes the folder: the next compile flushes it, though it has nothing to write", () => {
    const root = newRoot();
    const log = path.join(scratch(), "log");
    const count = countCalls(stage(root).root).get("fsync") ?? 0;
    const prepared = stage(root);
    const inject = `inject=fsync:signal=SIGKILL:when=${count}`;
    spawnSync("strace", ["-o", "/dev/null", "-e", "trace=fsync", "-e", inject, ...COMPILE, root]);
    expect(stateAfterKill(prepared)).toBe("next, 0 temporary");
    const { stdout } = spawnSync("strace", ["-y", "-o", log, "-e", "trace=fsync,rename", ...COMPILE, root]);
    expect(String(stdout)).toMatch(/^unchanged: /);
    expect(readFileSync(log, "utf8").match(/^\w+\(.*/gm)).toEqual([
      expect.stringMatching(/^fsync\(\d+<.*\/etc>\) += 0$/),
    ]);
  });

  test("leaves no table or a whole one where there was none", () => {
    for (const call of ["openat", "write", "fsync", "rename"]) {
      const count = countCalls(newRoot()).get(call) ?? 0;
      for (let when = Math.max(1, count - 2); when <= count; when += 1) {
        const root = newRoot();
        spawnSync("strace", [
          "-o",
          "/dev/null",
          "-e",
          `trace=${call}`,
          "-e",
          `inject=${call}:signal=SIGKILL:when=${when}`,
          ...COMPILE,
          root,
        ]);
        const table = spawnSync("cat", [tablePath(root)]).stdout;
        expect(table.length === 0 || "table" in native().decodeTable(table)).toBe(true);
        expect(ctl(["compile", "--root", root]).status).toBe(0);
        expect(leftovers(root)).toEqual([]);
      }
    }
  }, 120_000);

  test.each([
    ["ENOSPC", "fsync", "no space left on device", "hint: free some space with 'df' and 'du', then run it again\n"],
    ["EIO", "fsync", "i/o error", "hint: the disk reports errors: see 'dmesg'\n"],
    [
      "EROFS",
      "rename",
      "read-only file system",
      "hint: the file system is mounted read-only: see 'findmnt -T ETC', remount it, then run it again\n",
    ],
    ["EBUSY", "rename", "resource busy or locked", "hint: something is mounted on the file: see 'findmnt'\n"],
  ])("%s from %s: the old table stays in use, exit code 3", (errno, call, reason, hint) => {
    const { root, old } = stage(newRoot());
    const count = countCalls(stage(newRoot()).root).get(call) ?? 0;
    // Two files are flushed: the table, and after the rename its folder.
    const when = call === "fsync" ? count - 1 : count;
    const script = [
      "strace",
      "-o",
      "/dev/null",
      "-e",
      `trace=${call}`,
      "-e",
      `inject=${call}:error=${errno}:when=${when}`,
    ];
    expect(ctl(["compile", "--root", root], { under: script })).toEqual({
      status: 3,
      stdout: "",
      stderr: `portreservectl: error: cannot write '/etc/portreserve.table': ${reason}; the old table is still in use\n${hint.replace("ETC", path.join(root, "etc"))}`,
    });
    expect(readFileSync(tablePath(root)).equals(old)).toBe(true);
    expect(leftovers(root)).toEqual([]);
  });
});

test("killed after any time, leaves the old table or the new one", async () => {
  const root = newRoot();
  const began = process.hrtime.bigint();
  stage(root);
  ctl(["compile", "--root", root]);
  const whole = Number(process.hrtime.bigint() - began) / 1e6 / 3;
  const rounds = 16;
  let killed = 0;
  for (let turn = 0; turn < rounds; turn += 1) {
    const prepared = stage(root);
    const child = start(["compile", "--root", root], { stdio: "ignore" });
    const ended = new Promise<string | null>((resolve) => child.once("exit", (_, signal) => resolve(signal)));
    await new Promise((resolve) => setTimeout(resolve, whole * (0.3 + (0.9 * turn) / rounds)));
    child.kill("SIGKILL");
    if ((await ended) === "SIGKILL") killed += 1;
    stateAfterKill(prepared);
    expectNextCompletes(prepared);
  }
  expect(killed).toBeGreaterThan(0);
}, 120_000);

test("the next compile takes away what a killed one left, and nothing else", () => {
  const root = newRoot();
  put(root, "etc/.portreserve.table.0123456789abcdef.tmp", "half a table");
  put(root, "etc/.portreserve.table.swp", "somebody's editor");
  put(root, "etc/.portreserve.table.0123456789ABCDEF.tmp", "not ours");
  ctl(["compile", "--root", root]);
  expect(leftovers(root).sort()).toEqual([".portreserve.table.0123456789ABCDEF.tmp", ".portreserve.table.swp"]);
});
