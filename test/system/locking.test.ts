// Two compiles at once: one works, the other waits, or fails at once with --no-wait.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { ctl, makeRoot, put, SERVICES, start, tableIn, tablePath } from "../support/cli.ts";

const WAITS = "portreservectl: note: another portreservectl is running, waiting for it to finish\n";

function newRoot(): string {
  return makeRoot({ "etc/services": SERVICES, "etc/portreserve/cups": "ipp\n" });
}

/** Another program that holds the lock until its standard input closes. */
async function holdLock(root: string): Promise<ChildProcess> {
  const holder = spawn("flock", [path.join(root, "run/portreserve.lock"), "sh", "-c", "echo held; cat"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await new Promise((resolve) => holder.stdout?.once("data", resolve));
  return holder;
}

function ended(child: ChildProcess): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const text = { stdout: "", stderr: "" };
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    text.stdout += chunk;
  });
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    text.stderr += chunk;
  });
  return new Promise((resolve) => child.once("close", (status) => resolve({ status, ...text })));
}

test("waits for the lock, says so, and then compiles what the configuration is by then", async () => {
  const root = newRoot();
  const holder = await holdLock(root);
  const child = start(["compile", "--root", root], { stdio: ["ignore", "pipe", "pipe"] });
  const result = ended(child);
  const said = await new Promise((resolve) => child.stderr?.once("data", resolve));
  expect(said).toBe(WAITS);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect({ table: existsSync(tablePath(root)), running: child.exitCode }).toEqual({ table: false, running: null });
  put(root, "etc/portreserve/rsyncd", "rsync/tcp\n");
  holder.stdin?.end();
  expect(await result).toMatchObject({ status: 0, stderr: WAITS });
  expect(tableIn(root).tcp).toEqual([631, 873]);
});

test("fails at once with --no-wait, and leaves everything as it is", async () => {
  const root = newRoot();
  const holder = await holdLock(root);
  expect(ctl(["compile", "--no-wait", "--root", root])).toEqual({
    status: 3,
    stdout: "",
    stderr:
      "portreservectl: error: another portreservectl is running, and --no-wait was given\n" +
      `hint: run it again later; 'fuser -v ${root}/run/portreserve.lock' shows who holds the lock\n`,
  });
  expect(existsSync(tablePath(root))).toBe(false);
  const free = ended(holder);
  holder.stdin?.end();
  await free;
  expect(ctl(["compile", "--no-wait", "--root", root]).status).toBe(0);
});

test("check, list, lookup and a dry run do not wait", async () => {
  const root = newRoot();
  ctl(["compile", "--root", root]);
  const holder = await holdLock(root);
  for (const verb of [["check"], ["list"], ["lookup", "631"], ["compile", "--dry-run"]]) {
    expect(ctl([...verb, "--root", root])).toMatchObject({ status: 0, stderr: "" });
  }
  holder.stdin?.end();
});

test("a killed holder leaves no lock behind", async () => {
  const root = newRoot();
  const holder = await holdLock(root);
  const child = start(["compile", "--root", root], { stdio: ["ignore", "pipe", "pipe"] });
  const result = ended(child);
  await new Promise((resolve) => child.stderr?.once("data", resolve));
  const gone = ended(holder);
  holder.stdin?.end();
  holder.kill("SIGKILL");
  await gone;
  expect((await result).status).toBe(0);
});

test("many compiles at once all succeed, and one of them writes", async () => {
  const root = newRoot();
  const children = Array.from({ length: 6 }, () =>
    start(["compile", "--root", root], { stdio: ["ignore", "pipe", "pipe"] }),
  );
  const results = await Promise.all(children.map(ended));
  expect(results.map(({ status }) => status)).toEqual([0, 0, 0, 0, 0, 0]);
  expect(results.filter(({ stdout }) => stdout.includes("written:")).length).toBe(1);
  expect(tableIn(root).generation).toBe(1n);
});

test("only its owner can open the lock: whoever could, could keep every compile waiting", () => {
  const root = newRoot();
  ctl(["compile", "--root", root]);
  expect(statSync(path.join(root, "run/portreserve.lock")).mode & 0o7777).toBe(0o600);
});

const noLock = (root: string, kind: string) => ({
  status: 5,
  stdout: "",
  stderr:
    `portreservectl: error: the lock '/run/portreserve.lock' is ${kind}\n` +
    `hint: find out who made it with 'ls -ld ${root}/run/portreserve.lock', and remove it\n`,
});

test("refuses a link in the lock's place, and does not make what it leads to", () => {
  for (const target of ["elsewhere", "/run/elsewhere"]) {
    const root = newRoot();
    symlinkSync(target, path.join(root, "run/portreserve.lock"));
    expect(ctl(["compile", "--root", root])).toEqual(noLock(root, "a symbolic link"));
    expect(readdirSync(path.join(root, "run"))).toEqual(["portreserve.lock"]);
  }
});

test("refuses a folder in the lock's place", () => {
  const root = newRoot();
  mkdirSync(path.join(root, "run/portreserve.lock"));
  expect(ctl(["compile", "--root", root])).toEqual(noLock(root, "a directory"));
});

test("makes the /run of a root that has none, also where it is a link", () => {
  const root = newRoot();
  rmSync(path.join(root, "run"), { recursive: true });
  expect(ctl(["compile", "--root", root]).status).toBe(0);
  expect(readdirSync(path.join(root, "run"))).toEqual(["portreserve.lock"]);
  rmSync(path.join(root, "run"), { recursive: true });
  symlinkSync("/var/run", path.join(root, "run"));
  expect(ctl(["compile", "--root", root]).status).toBe(0);
  expect(readdirSync(path.join(root, "var/run"))).toEqual(["portreserve.lock"]);
});

test("removes what a killed compile left, but refuses a folder of such a name", () => {
  const root = newRoot();
  const name = ".portreserve.table.0123456789abcdef.tmp";
  writeFileSync(path.join(root, "etc", name), "left");
  expect(ctl(["compile", "--root", root]).status).toBe(0);
  expect(existsSync(path.join(root, "etc", name))).toBe(false);
  mkdirSync(path.join(root, "etc", name));
  expect(ctl(["compile", "--root", root])).toEqual({
    status: 5,
    stdout: "",
    stderr:
      `portreservectl: error: '/etc/${name}' is a directory where only temporary files should be; the table was not touched\n` +
      `hint: find out who made it with 'ls -ld ${root}/etc/${name}', and move it away\n`,
  });
});
