// A test that passes and leaves one of each: a file, a process, a mount, a cgroup.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "vitest";
import { cgroup2Folder, STAGE_PREFIX } from "../../../support/guest/support.ts";

test("leaves much", () => {
  const stage = mkdtempSync(path.join(tmpdir(), `${STAGE_PREFIX}${process.pid}-`));
  const cgroup = path.join(cgroup2Folder() ?? "", path.basename(stage));
  mkdirSync(cgroup);
  execFileSync("mount", ["-t", "tmpfs", "left", stage]);
  writeFileSync(path.join(tmpdir(), "left"), "");
  const { pid } = spawn("sh", ["-c", "trap exit USR1; while :; do sleep 0.1; done", stage], {
    detached: true,
    stdio: "ignore",
  });
  // A sweep of somebody else's leaves the cgroup alone as long as something lives in it.
  writeFileSync(path.join(cgroup, "cgroup.procs"), String(pid));
  console.log(`left ${cgroup} ${pid}`);
});
