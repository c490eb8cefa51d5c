// compile: what it writes, when it writes nothing, and what it refuses.
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
} from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { native } from "../../src/core/native.ts";
import { ctl, makeRoot, put, SERVICES, scratch, tableIn, tablePath } from "../support/cli.ts";

const FILES = { "etc/services": SERVICES, "etc/portreserve/cups": "ipp\n", "etc/portreserve/named": "rndc/tcp\n" };

test("writes the table, and says what changed", () => {
  const root = makeRoot(FILES);
  expect(ctl(["compile", "--root", root])).toEqual({
    status: 0,
    stdout:
      "+ 631/tcp+udp\n+ 953/tcp\nwritten: '/etc/portreserve.table', generation 1, 2 tcp and 1 udp ports (there was no table)\n",
    stderr: "",
  });
  const { generation, retired, tcp, udp } = tableIn(root);
  expect({ generation, retired, tcp, udp }).toEqual({ generation: 1n, retired: false, tcp: [631, 953], udp: [631] });
  expect(statSync(tablePath(root)).mode & 0o7777).toBe(0o644);
  expect(readdirSync(path.join(root, "etc")).sort()).toEqual(["portreserve", "portreserve.table", "services"]);
});

test("gives every program the right to read the table, whatever the umask", () => {
  const root = makeRoot(FILES);
  ctl(["compile", "--root", root], { under: ["sh", "-c", 'umask 077; exec "$@"', "sh"] });
  expect(statSync(tablePath(root)).mode & 0o7777).toBe(0o644);
});

test("writes nothing, not even a time, when the input is unchanged", () => {
  const root = makeRoot(FILES);
  ctl(["compile", "--root", root]);
  const look = (): unknown => {
    const { ino, mtimeNs, ctimeNs, mode, size } = statSync(tablePath(root), { bigint: true });
    const folder = statSync(path.join(root, "etc"), { bigint: true }).mtimeNs;
    return { ino, mtimeNs, ctimeNs, mode, size, folder, bytes: readFileSync(tablePath(root), "hex") };
  };
  const before = look();
  put(root, "etc/portreserve/cups", "# the same meaning in other words\n\nipp/UDP\r\n631/tcp\nipp\n");
  expect(ctl(["compile", "--root", root])).toEqual({
    status: 0,
    stdout: "unchanged: '/etc/portreserve.table', generation 1, 2 tcp and 1 udp ports\n",
    stderr: "",
  });
  expect(look()).toEqual(before);
});

test("counts generations, and retires the old table for those who have it mapped", () => {
  const root = makeRoot(FILES);
  ctl(["compile", "--root", root]);
  // A descriptor of the old file stands for a mapping of it: both outlive the rename.
  const old = openSync(tablePath(root), "r");
  put(root, "etc/portreserve/cups", "imaps/tcp\n");
  expect(ctl(["compile", "--root", root]).stdout).toBe(
    "- 631/tcp+udp\n+ 993/tcp\nwritten: '/etc/portreserve.table', generation 2, 2 tcp and 0 udp ports (the configuration has changed)\n",
  );
  const decoded = native().decodeTable(readFileSync(old));
  closeSync(old);
  expect(decoded).toMatchObject({ table: { generation: 1n, retired: true, tcp: [631, 953], udp: [631] } });
  expect(tableIn(root)).toMatchObject({ generation: 2n, retired: false, tcp: [953, 993], udp: [] });
});

test("shows a dry run as a difference, and writes nothing at all", () => {
  const root = makeRoot(FILES);
  ctl(["compile", "--root", root]);
  const before = readFileSync(tablePath(root));
  put(root, "etc/portreserve/cups", "631/tcp\n700-701\n");
  expect(ctl(["compile", "--dry-run", "--root", root])).toEqual({
    status: 0,
    stdout:
      "- 631/udp\n+ 700/tcp+udp\n+ 701/tcp+udp\nwould write: '/etc/portreserve.table', generation 2, 4 tcp and 2 udp ports (the configuration has changed)\n",
    stderr: "",
  });
  expect(readFileSync(tablePath(root)).equals(before)).toBe(true);
});

test("makes neither table nor lock in a dry run", () => {
  const root = makeRoot(FILES);
  expect(ctl(["compile", "--dry-run", "--root", root]).status).toBe(0);
  expect(existsSync(tablePath(root))).toBe(false);
  expect(readdirSync(path.join(root, "run"))).toEqual([]);
});

test("leaves wrong lines out, compiles the rest, and exits 1", () => {
  const root = makeRoot({ ...FILES, "etc/portreserve/cups": "ipp\n  ipps/udp # typo\n" });
  expect(ctl(["compile", "--root", root])).toEqual({
    status: 1,
    stdout:
      "+ 631/tcp+udp\n+ 953/tcp\nwritten: '/etc/portreserve.table', generation 1, 2 tcp and 1 udp ports (there was no table)\n",
    stderr:
      "portreservectl: error: /etc/portreserve/cups:2:3: unknown service 'ipps'\n" +
      "      ipps/udp # typo\n" +
      "      ^^^^\n" +
      "hint: did you mean 'ipp'? otherwise write the port number, or add the name to '/etc/services'\n" +
      "portreservectl: warning: left out: 1 rejected line or file; everything else is in the table\n",
  });
});

test("keeps the old table with --strict when anything was rejected", () => {
  const root = makeRoot(FILES);
  ctl(["compile", "--root", root]);
  const before = readFileSync(tablePath(root));
  put(root, "etc/portreserve/cups", "ipp\n0\n873\n");
  const { status, stdout, stderr } = ctl(["compile", "--strict", "--root", root]);
  expect({ status, stdout, last: stderr.split("\n").slice(-3) }).toEqual({
    status: 1,
    stdout: "",
    last: [
      "portreservectl: error: nothing was compiled, because of --strict; the old table is still in use",
      "hint: correct the lines above, or leave --strict out to compile everything else",
      "",
    ],
  });
  expect(readFileSync(tablePath(root)).equals(before)).toBe(true);
  put(root, "etc/portreserve/cups", "ipp\n873\n");
  expect(ctl(["compile", "--strict", "--root", root]).status).toBe(0);
});

test("refuses to starve the allocators, unless forced", () => {
  const root = makeRoot(FILES);
  ctl(["compile", "--root", root]);
  put(root, "etc/portreserve/cups", "600-992/tcp\n");
  expect(ctl(["compile", "--root", root])).toEqual({
    status: 5,
    stdout: "",
    stderr:
      "portreservectl: error: only 31 ports of 600 to 1023 would be left to hand out for tcp, and programs need at least 32; the old table is still in use\n" +
      "hint: reserve fewer ports, or use --force to compile it as it is\n",
  });
  expect(tableIn(root).generation).toBe(1n);
  expect(ctl(["compile", "--force", "--root", root]).status).toBe(0);
  expect(tableIn(root).tcp.length).toBe(393);
});

test("compiles an empty folder into an empty table", () => {
  const root = makeRoot({ "etc/services": SERVICES, "etc/portreserve/": "" });
  expect(ctl(["compile", "--root", root])).toEqual({
    status: 0,
    stdout: "written: '/etc/portreserve.table', generation 1, 0 tcp and 0 udp ports (there was no table)\n",
    stderr: "",
  });
  expect(tableIn(root)).toMatchObject({ tcp: [], udp: [] });
});

test("merges the blacklist, and leaves it out with --no-blacklist", () => {
  const root = makeRoot({ ...FILES, "etc/bindresvport.blacklist": "783\t# spamd\n" });
  ctl(["compile", "--root", root]);
  expect(tableIn(root)).toMatchObject({ tcp: [631, 783, 953], udp: [631, 783] });
  ctl(["compile", "--no-blacklist", "--root", root]);
  expect(tableIn(root)).toMatchObject({ tcp: [631, 953], udp: [631] });
});

test("follows a link to the table, and an absolute one never leaves the root", () => {
  const outside = path.join(scratch(), "table");
  const root = makeRoot(FILES);
  symlinkSync(outside, tablePath(root));
  mkdirSync(path.join(root, path.dirname(outside)), { recursive: true });
  expect(ctl(["compile", "--root", root]).status).toBe(0);
  expect(existsSync(outside)).toBe(false);
  expect(lstatSync(tablePath(root)).isSymbolicLink()).toBe(true);
  expect("table" in native().decodeTable(readFileSync(path.join(root, outside)))).toBe(true);
  expect(ctl(["compile", "--root", root]).stdout).toMatch(/^unchanged/);
});

test("keeps to the root when /etc itself is an absolute link or climbs out with '..'", () => {
  const root = makeRoot({ "usr/etc/services": SERVICES, "usr/etc/portreserve/cups": "ipp\n" });
  symlinkSync("/../../../../../../usr/etc", path.join(root, "etc"));
  expect(ctl(["compile", "--root", root]).status).toBe(0);
  expect(readdirSync(path.join(root, "usr/etc")).sort()).toEqual(["portreserve", "portreserve.table", "services"]);
});

test("refuses to replace a folder where the table should be", () => {
  const root = makeRoot({ ...FILES, "etc/portreserve.table/": "" });
  expect(ctl(["compile", "--root", root])).toEqual({
    status: 5,
    stdout: "",
    stderr:
      "portreservectl: error: refusing to replace '/etc/portreserve.table': it is a directory\n" +
      "hint: find out who made it, and move it away\n",
  });
});

test("reports everything as one JSON document", () => {
  const root = makeRoot({ ...FILES, "etc/portreserve/cups": "ipp\nipps\n2049\n" });
  const { status, stdout, stderr } = ctl(["compile", "--json", "--root", root]);
  expect({ status, stderr, lines: stdout.split("\n").length }).toEqual({ status: 1, stderr: "", lines: 2 });
  expect(JSON.parse(stdout)).toMatchObject({
    schemaVersion: 1,
    command: "compile",
    outcome: "no",
    exitCode: 1,
    diagnostics: [
      {
        severity: "error",
        code: "unknown-service",
        place: { file: "/etc/portreserve/cups", line: 2, column: 1, length: 4, text: "ipps" },
      },
      { severity: "note", place: { file: "/etc/portreserve/cups", line: 3 } },
    ],
    dryRun: false,
    result: "written",
    generation: "1",
    tcp: [631, 953],
    udp: [631],
    added: [
      { port: 631, protocol: "tcp" },
      { port: 631, protocol: "udp" },
      { port: 953, protocol: "tcp" },
    ],
    removed: [],
  });
});
