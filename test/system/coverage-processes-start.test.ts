// A process between exec and the loader's work, as the manager sees it: what is preloaded may come any moment.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { observeProcesses } from "../../src/observe/processes/read-processes.ts";
import { scratch } from "../support/cli.ts";
import { HOLD, seen } from "../support/held.ts";

/** Known by its name to allocate. */
const ALLOCATES = "glusterd";

test("says nothing of a program that the loader is still at work on, which may be about to load the shim", async () => {
  const place = scratch();
  const program = path.join(place, ALLOCATES);
  copyFileSync(HOLD, program);
  // The loader's first word blocks: the pipe is full.
  const script =
    'mkfifo "$0/full" && exec 3<>"$0/full" && head -c 65536 /dev/zero >&3 && { LD_DEBUG=all "$1" 2>&3 & } && echo $! && head -c 1 >/dev/null && head -c 65536 <&3 >/dev/null && cat <&3 >/dev/null';
  const child = spawn("sh", ["-c", script, place, program], {
    stdio: ["pipe", "pipe", "inherit"],
    detached: true,
  });
  const pid = Number(String(await once(child.stdout, "data")));
  try {
    const isStarted = (): boolean => readFileSync(`/proc/${pid}/maps`, "latin1").includes(ALLOCATES);
    while (!isStarted()) await setTimeout(1);
    const before = seen(observeProcesses(), pid);
    const why = { unseen: "it is just being started", rootWould: false };
    expect([before.objects, before.program, before.bindings]).toEqual([why, why, why]);
    child.stdin.write("on");
    while (!readFileSync(`/proc/${pid}/maps`, "latin1").includes("libc")) await setTimeout(1);
    const after = seen(observeProcesses(), pid);
    expect(after.objects).toContain(after.executable);
  } finally {
    process.kill(-(child.pid as number), "SIGKILL");
  }
});
