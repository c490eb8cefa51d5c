// A socket of another process, looked at by a copy of its descriptor, where that process puts a file in its place meanwhile.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { nativeFolder } from "../../src/core/native.ts";
import { named, skipFor, skipReason } from "../support/can.ts";
import { scratch } from "../support/cli.ts";
import { compileC } from "../support/compile-c.ts";
import { NODE } from "../support/stage/stage.ts";

const SWAPPED = compileC("test/security/swapped.c");

function noFuse(): string | undefined {
  const { status } = spawnSync("unshare", ["--mount", "sh", "-c", "test -c /dev/fuse && exec 3<>/dev/fuse"]);
  return status === 0 ? undefined : skipFor("this kernel has no FUSE");
}

const reason = skipReason("root") ?? noFuse();

const started: ChildProcess[] = [];
/** With the end of the server, which is what was started, every close() that waits for it comes back. */
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

function run(command: string, args: readonly string[]): ChildProcess {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  started.push(child);
  return child;
}

/** Process, descriptor and inode of an attacker. */
async function attacker(): Promise<readonly string[]> {
  const { stdout } = run("unshare", ["--mount", SWAPPED, scratch()]);
  const [said] = await once(stdout as NonNullable<typeof stdout>, "data");
  return String(said).trim().split(" ");
}

/** Looks for ten seconds at most, until it has seen the socket and something else. */
const LOOK = `
const { readOtherSockets } = require(process.argv[1]);
const [pid, fd, inode] = process.argv.slice(2).map(Number);
const seen = new Set();
for (const end = Date.now() + 10_000; Date.now() < end && seen.size < 2; )
  for (const one of readOtherSockets(pid, [{ fd, inode }])) seen.add(typeof one);
console.log([...seen].sort().join(" "));
`;

describe.skipIf(reason !== undefined)(named("a descriptor that is a socket at times", reason), () => {
  test("keeps nobody waiting who looks at it", async () => {
    const looker = run(NODE, ["-e", LOOK, path.join(nativeFolder(), "portreserve.node"), ...(await attacker())]);
    const closed = once(looker, "close");
    const [said] = await once(looker.stdout as NonNullable<typeof looker.stdout>, "data");
    expect(String(said)).toBe("object undefined\n");
    expect(await closed).toEqual([0, null]);
  });

  test("in the old way, by a copy that this process closes itself, it waits, also when it is killed (control)", async () => {
    const [pid = "", fd = ""] = await attacker();
    const looker = run(SWAPPED, ["look", pid, fd]);
    const ended = once(looker, "close").then(() => "ended");
    const later = (): Promise<string> => new Promise((resolve) => setTimeout(() => resolve("waits"), 2500));
    expect(await Promise.race([ended, later()])).toBe("waits");
    looker.kill("SIGKILL");
    await expect.poll(() => readFileSync(`/proc/${looker.pid}/wchan`, "utf8")).toMatch(/request_wait_answer|fuse/);
    for (const child of started) child.kill("SIGKILL");
    expect(await ended).toBe("ended");
  });
});
