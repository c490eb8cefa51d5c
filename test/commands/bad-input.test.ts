// Input that cannot be read or makes no sense: a diagnostic or a clear error, never a crash, never a wait.

import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { asNobody, ctl, makeRoot, put, SERVICES, tableIn, tablePath } from "../support/cli.ts";

const FILES = { "etc/services": SERVICES, "etc/portreserve/cups": "ipp\n" };
const ROW = "+ 631/tcp+udp\n";
const LEFT_OUT = "portreservectl: warning: left out: 1 rejected line or file; everything else is in the table\n";
const written = `${ROW}written: '/etc/portreserve.table', generation 1, 1 tcp and 1 udp ports (there was no table)\n`;

function unreadable(name: string, reason: string, hint = ""): string {
  return `portreservectl: error: /etc/portreserve/${name}: cannot read it: ${reason}; what it reserves is not in force\n${hint}`;
}

/** The rest is compiled, and the entry is the one diagnostic. */
function expectOneDiagnostic(root: string, diagnostic: string): void {
  expect(ctl(["compile", "--root", root])).toEqual({ status: 1, stdout: written, stderr: diagnostic + LEFT_OUT });
}

describe("an entry of /etc/portreserve that is no file", () => {
  test("a folder", () => {
    expectOneDiagnostic(makeRoot({ ...FILES, "etc/portreserve/dir/": "" }), unreadable("dir", "it is a directory"));
  });

  test("a FIFO, which nobody ever writes to", () => {
    const root = makeRoot(FILES);
    execFileSync("mkfifo", [path.join(root, "etc/portreserve/fifo")]);
    expectOneDiagnostic(root, unreadable("fifo", "it is a FIFO"));
  });

  test("a socket", async () => {
    const root = makeRoot(FILES);
    const server = createServer().listen(path.join(root, "etc/portreserve/sock"));
    await new Promise((resolve) => server.once("listening", resolve));
    expectOneDiagnostic(root, unreadable("sock", "it is a socket"));
    server.close();
  });

  const noRoot = skipReason("root");
  test.skipIf(noRoot)(named("a device", noRoot), () => {
    const root = makeRoot(FILES);
    execFileSync("mknod", [path.join(root, "etc/portreserve/zero"), "c", "1", "5"]);
    expectOneDiagnostic(root, unreadable("zero", "it is a device"));
  });

  test("a link to nothing", () => {
    const root = makeRoot(FILES);
    symlinkSync("/nowhere", path.join(root, "etc/portreserve/dangling"));
    expectOneDiagnostic(root, unreadable("dangling", "it is a link to a file that does not exist"));
  });

  test("a link to itself", () => {
    const root = makeRoot(FILES);
    symlinkSync("/etc/portreserve/loop", path.join(root, "etc/portreserve/loop"));
    expectOneDiagnostic(root, unreadable("loop", "too many symbolic links encountered"));
  });

  test("a link to the folder itself", () => {
    const root = makeRoot(FILES);
    symlinkSync(".", path.join(root, "etc/portreserve/self"));
    expectOneDiagnostic(root, unreadable("self", "it is a directory"));
  });
});

test("reads a link to a file, inside the root only", () => {
  const root = makeRoot({ ...FILES, "srv/ports": "rsync\n" });
  symlinkSync("/srv/ports", path.join(root, "etc/portreserve/rsyncd"));
  expect(ctl(["compile", "--root", root]).stderr).toBe("");
  expect(tableIn(root).tcp).toEqual([631, 873]);
});

test("a file that this user may not read", () => {
  const root = makeRoot(FILES);
  put(root, "etc/portreserve/secret", "rsync\n");
  chmodSync(path.join(root, "etc/portreserve/secret"), 0);
  const hint = "hint: run it with sudo, or see the mode and owner of the file with 'ls -l'\n";
  expect(ctl(["compile", "--dry-run", "--root", root], { under: asNobody })).toEqual({
    status: 1,
    stdout: written.replace("written", "would write"),
    stderr: unreadable("secret", "permission denied", hint) + LEFT_OUT.replace("is in", "would be in"),
  });
});

test("a file of more than 64 KiB, and one of just that", () => {
  const line = "rsync # padding\n";
  const root = makeRoot({ ...FILES, "etc/portreserve/full": line.repeat(65536 / line.length) });
  expect(ctl(["compile", "--root", root]).status).toBe(0);
  put(root, "etc/portreserve/full", `${line.repeat(65536 / line.length)}\n`);
  expect(ctl(["compile", "--root", root])).toEqual({
    status: 1,
    stdout:
      "- 873/tcp+udp\nwritten: '/etc/portreserve.table', generation 2, 1 tcp and 1 udp ports (the configuration has changed)\n",
    stderr: unreadable("full", "it is larger than 64 KiB") + LEFT_OUT,
  });
});

test("a huge sparse file is not read", () => {
  const root = makeRoot(FILES);
  execFileSync("truncate", ["-s", "1T", path.join(root, "etc/portreserve/huge")]);
  expectOneDiagnostic(root, unreadable("huge", "it is larger than 64 KiB"));
});

test("binary content is shown safely, and counted where there is much of it", () => {
  const bytes = Uint8Array.from({ length: 4096 }, (_, index) => (index * 7 + 13) % 256);
  const root = makeRoot({ ...FILES, "etc/portreserve/binary": bytes });
  const { status, stdout, stderr } = ctl(["compile", "--root", root]);
  expect({ status, stdout }).toEqual({ status: 1, stdout: written });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: nothing of the kind may reach a terminal
  expect(stderr).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
  for (const line of stderr.split("\n")) expect(line).toMatch(/^(portreservectl: (error|warning): |hint: | {4}|$)/);
});

test("shows twenty diagnostics, errors first, and says how many are left", () => {
  const root = makeRoot({ ...FILES, "etc/portreserve/a": "2049\n".repeat(30), "etc/portreserve/b": "0\n".repeat(25) });
  const { stderr } = ctl(["check", "--root", root]);
  const heads = stderr.split("\n").filter((line) => line.startsWith("portreservectl: "));
  expect(heads.slice(0, 20).every((line) => line.startsWith("portreservectl: error: /etc/portreserve/b:"))).toBe(true);
  expect(stderr).toContain("portreservectl: note: not shown: 5 errors, 30 notes\nhint: --verbose shows them all\n");
  const all = ctl(["check", "--verbose", "--root", root]).stderr.split("\n");
  expect(all.filter((line) => /^portreservectl: (error|note): \/etc/.test(line)).length).toBe(55);
  expect(JSON.parse(ctl(["check", "--json", "--root", root]).stdout).diagnostics.length).toBe(55);
});

test("a hostile name cannot forge a line or drive the terminal", () => {
  const root = makeRoot(FILES);
  const name = Buffer.concat([
    Buffer.from("x\nportreservectl: error: forged\n\u001b[31m\u202eevil\u2028\\"),
    Buffer.from([0xff, 0xc3]),
  ]);
  const folder = Buffer.from(`${path.join(root, "etc/portreserve")}/`);
  writeFileSync(Buffer.concat([folder, name]), "873\nno\u001b]0;pwned\u0007\n");
  const shown = "x\\nportreservectl: error: forged\\n\\x1b[31m\\u{202e}evil\\u{2028}\\\\\\xff\\xc3";
  expect(ctl(["compile", "--root", root]).stderr).toBe(
    `portreservectl: error: /etc/portreserve/${shown}:2:3: control character: U+001B\n` +
      "    no\\x1b]0;pwned\\x07\n" +
      "      ^^^^\n" +
      "hint: remove it, or write a space\n" +
      LEFT_OUT,
  );
  expect(ctl(["list", "--root", root]).stdout).toContain(
    `873/tcp  ${shown}  yes       preload    /etc/portreserve/${shown}:1\n`,
  );
  const json = ctl(["list", "--json", "--root", root]).stdout;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: only the line feed at the end
  expect(json.slice(0, -1)).not.toMatch(/[\x00-\x1f\x7f-\x9f\u2028\u202e]/);
  const owners = (JSON.parse(json) as { reservations: { owner: string }[] }).reservations.map(({ owner }) => owner);
  expect(owners).toContain("x\nportreservectl: error: forged\n\u001b[31m\u202eevil\u2028\\\udcff\udcc3");
});

test("needs root to compile for the host of another user", () => {
  const root = makeRoot(FILES);
  mkdirSync(path.join(root, "run"), { recursive: true });
  chmodSync(path.join(root, "run"), 0o555);
  expect(ctl(["compile", "--root", root], { under: asNobody })).toEqual({
    status: 4,
    stdout: "",
    stderr:
      "portreservectl: error: cannot open the lock '/run/portreserve.lock': permission denied\nhint: run it with sudo\n",
  });
});

test("a table this user may not read: lookup says so", () => {
  const root = makeRoot(FILES);
  ctl(["compile", "--root", root]);
  chmodSync(tablePath(root), 0);
  expect(ctl(["lookup", "631/tcp", "--root", root], { under: asNobody })).toEqual({
    status: 1,
    stdout: "631/tcp  not in force  cups  /etc/portreserve/cups:1\n",
    stderr:
      "portreservectl: warning: cannot read the table '/etc/portreserve.table': permission denied, so nothing is reserved for programs of this user\n" +
      `hint: run 'sudo portreservectl compile --root ${root}', which makes it readable\n`,
  });
});

test("a root without a name: a usage error, and the current folder is left alone", () => {
  const root = makeRoot(FILES);
  for (const args of [
    ["compile", "--root", ""],
    ["--root=", "compile"],
  ]) {
    expect(ctl(args, { under: ["sh", "-c", 'cd "$0" && exec "$@"', root] })).toEqual({
      status: 2,
      stdout: "",
      stderr: "portreservectl: error: '--root' names no folder\nhint: write --root FOLDER\n",
    });
  }
  expect([readdirSync(path.join(root, "run")), existsSync(tablePath(root))]).toEqual([[], false]);
});

test("a root that is not there, or is no folder", () => {
  expect(ctl(["check", "--root", "/nonexistent/root"])).toEqual({
    status: 3,
    stdout: "",
    stderr: "portreservectl: error: cannot use '/nonexistent/root' as the root: no such file or directory\n",
  });
  const file = path.join(makeRoot({ file: "" }), "file");
  expect(ctl(["check", "--root", file])).toEqual({
    status: 3,
    stdout: "",
    stderr: `portreservectl: error: cannot use '${file}' as the root: not a folder\n`,
  });
});
