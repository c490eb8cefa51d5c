// The injector of the crash tests sees every call that changes files, acts at the chosen one, and in one process only.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { makeRoot, node, put, SERVICES, scratch } from "../support/cli.ts";
import { callsIn, type How, injection, shown } from "../support/fault/inject.ts";
import { inScene, KERNEL_LOG, MANAGER, noScene } from "../support/fault/run-scene.ts";
import { UNTOUCHED } from "../support/fault/scene.ts";
import { changesIn, straceOptions } from "../support/fault/strace.ts";
import { withoutSanitizerNote } from "../support/sanitizer-note.ts";
import { MAIN } from "../support/stage/stage.ts";

const noStrace = skipReason("strace");
const notHere = noStrace ?? noScene();

/** What the injector counted and what the kernel was asked, in one and the same run. */
function bothAccounts(args: readonly string[], children = false) {
  const folder = scratch();
  const log = path.join(folder, "injected");
  const kernel = path.join(folder, "strace");
  const variables = Object.entries(injection({ log })).flatMap(([name, value]) => ["-E", `${name}=${value}`]);
  const { status, stderr } = node(args, { under: ["strace", ...straceOptions(kernel), ...variables] });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return {
    injector: callsIn(readFileSync(log, "utf8")).map(shown),
    kernel: changesIn(readFileSync(kernel, "utf8"), { except: [log], children }).map(shown),
  };
}

/** By every function of Node that changes files, through both of its ways: this thread, and others. */
const EVERYTHING = `
import * as fs from "node:fs";
import { spawnSync } from "node:child_process";
process.chdir(process.argv[1]);
fs.writeFileSync("a", "a".repeat(100000));
fs.appendFileSync("a", "b");
fs.copyFileSync("a", "b");
fs.copyFileSync("a", "c", fs.constants.COPYFILE_FICLONE);
fs.cpSync("a", "d");
fs.mkdirSync("e/f/g", { recursive: true });
fs.cpSync("e", "h", { recursive: true, preserveTimestamps: true });
fs.rmSync("e", { recursive: true });
fs.rmdirSync("h/f/g");
fs.mkdtempSync("i");
fs.renameSync("a", "j");
fs.linkSync("j", "k");
fs.symlinkSync("k", "l");
fs.chmodSync("j", 0o600);
fs.chownSync("j", process.getuid(), process.getgid());
fs.lchownSync("l", process.getuid(), process.getgid());
fs.truncateSync("j", 5);
fs.utimesSync("j", 1, 1);
fs.lutimesSync("l", 1, 1);
fs.unlinkSync("l");
const fd = fs.openSync("m", "w+");
fs.writeSync(fd, "text", 3);
fs.writevSync(fd, [Buffer.from("one"), Buffer.from("two")]);
fs.writevSync(fd, [Buffer.from("one"), Buffer.from("two")], 0);
fs.ftruncateSync(fd, 1);
fs.fchmodSync(fd, 0o600);
fs.fchownSync(fd, process.getuid(), process.getgid());
fs.futimesSync(fd, 1, 1);
fs.fdatasyncSync(fd);
fs.fsyncSync(fd);
fs.closeSync(fd);
await fs.promises.writeFile("n", "text");
await fs.promises.copyFile("n", "o");
await fs.promises.rename("o", "p");
await fs.promises.rm("p");
spawnSync("mkdir", ["q"], { stdio: "ignore" });
`;
const NAMES =
  "chmod chown copy_file_range fchmod fchown fdatasync fsync ftruncate ioctl lchown link mkdir openat pwrite64 pwritev rename rmdir symlink unlink utimensat write writev";

describe.skipIf(noStrace !== undefined)(named("beside strace", noStrace), () => {
  test("sees the same calls of a compile as the kernel, in the same order", () => {
    const root = makeRoot({ "etc/services": SERVICES, "etc/portreserve/cups": "ipp\n" });
    const { injector, kernel } = bothAccounts([MAIN, "compile", "--root", root]);
    expect(injector).toEqual(kernel);
    put(root, "etc/portreserve/rsyncd", "rsync\n");
    const second = bothAccounts([MAIN, "compile", "--root", root]);
    expect(second.injector).toEqual(second.kernel);
    expect(second.kernel.filter((call) => call.startsWith("rename"))).toHaveLength(1);
    expect(second.kernel.length).toBeGreaterThan(kernel.length);
  });

  test("sees the same calls as the kernel, whatever Node does to files", () => {
    const script = ["--input-type=module", "-e", EVERYTHING];
    const { injector, kernel } = bothAccounts([...script, scratch()]);
    // The injector knows what mkdtemp() is asked for, the kernel what came of it.
    expect(injector).toEqual(kernel.map((call) => call.replace(/^mkdir i\w{6}$/, "mkdir iXXXXXX")));
    expect([...new Set(kernel.map((call) => call.split(" ")[0]))].sort().join(" ")).toBe(NAMES);
  });

  test("does not count what a child does, which the kernel's account shows", () => {
    const { injector, kernel } = bothAccounts(
      ["-e", `require("child_process").spawnSync("mkdir", [process.argv[1] + "/q"])`, scratch()],
      true,
    );
    expect({ injector, kernel: kernel.map((call) => call.split("/").at(-1)) }).toEqual({ injector: [], kernel: ["q"] });
  });
});

test.skipIf(notHere !== undefined)(
  named("beside strace, sees the same calls of install and uninstall as the kernel, in the same order", notHere),
  async () => {
    const traced = `strace ${straceOptions(KERNEL_LOG).join(" ")} -E $INJECT -E FAULT_LOG=/mnt/log ${MANAGER}`;
    const programs = {
      INSTALL: `mkdir -p /etc/portreserve && echo 631 >/etc/portreserve/cups && ${traced} install`,
      UNINSTALL: `${traced} uninstall`,
    };
    const jobs = [`save install ${UNTOUCHED} INSTALL`, "save uninstall install UNINSTALL"];
    const runs = await inScene(programs, jobs, ({ run }) => [run("install"), run("uninstall")]);
    const withoutRandom = (call: string): string => call.replace(/(?<=-(?:sandbox|rehearsal)-)\w{6}$/, "XXXXXX");
    for (const { status, stderr, calls, kernelLog } of runs) {
      expect({ status, stderr: withoutSanitizerNote(stderr) }).toEqual({ status: 0, stderr: "" });
      const kernel = changesIn(kernelLog, { except: ["/mnt/log"], children: false });
      expect(calls.map((call) => withoutRandom(shown(call)))).toEqual(kernel.map((call) => withoutRandom(shown(call))));
      expect(kernel.some(({ paths }) => paths.includes("/etc/ld.so.preload"))).toBe(true);
    }
  },
  300_000,
);

/** Three writes, of which the second is call 3. */
const WRITES = `
const fs = require("fs");
const fd = fs.openSync("file", "w");
for (const text of ["aaaa", "bbbb", "cccc"]) {
  try { console.log(text, fs.writeSync(fd, text)); } catch (error) { console.log(text, error.code); }
}`;

test.each<[How, boolean, string, string, number | null]>([
  ["kill-before", false, "aaaa 4\n", "aaaa", null],
  ["kill-half", false, "aaaa 4\n", "aaaabb", null],
  ["kill-after", false, "aaaa 4\n", "aaaabbbb", null],
  ["ENOSPC", false, "aaaa 4\nbbbb ENOSPC\ncccc 4\n", "aaaacccc", 0],
  ["ENOSPC", true, "aaaa 4\nbbbb ENOSPC\ncccc ENOSPC\n", "aaaa", 0],
  ["EROFS", false, "aaaa 4\nbbbb EROFS\ncccc 4\n", "aaaacccc", 0],
  ["EACCES", false, "aaaa 4\nbbbb EACCES\ncccc 4\n", "aaaacccc", 0],
  ["EIO", false, "aaaa 4\nbbbb EIO\ncccc 4\n", "aaaacccc", 0],
])("%s at one of three writes (and all later ones: %s)", (how, onward, stdout, content, status) => {
  const folder = scratch();
  const ran = node(["-e", `process.chdir(${JSON.stringify(folder)});${WRITES}`], {
    env: injection({ at: { call: 3, how, onward } }),
  });
  expect({ ...ran, content: readFileSync(path.join(folder, "file"), "utf8") }).toEqual({
    status,
    stdout,
    stderr: "",
    content,
  });
});

test("takes itself out of the environment, and leaves nothing else there", () => {
  const folder = scratch();
  const log = path.join(folder, "log");
  const names = "console.log(Object.keys(process.env).sort().join(' '))";
  const plain = node(["-e", names]).stdout;
  expect(node(["-e", names], { env: injection({ log, ignoreLocks: true, delay: 1 }) }).stdout).toBe(plain);
  expect(readdirSync(folder)).toEqual(["log"]);
});

test("a plan that it does not understand ends the program", () => {
  const env = { ...injection({ at: { call: 1, how: "EIO", onward: false } }), FAULT_HOW: "EWHAT" };
  expect(node(["-e", ""], { env }).status).toBe(null);
});
