// Whole sources that are missing, empty, binary or of the wrong kind: the folder, the services file, the blacklist.
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { ctl, makeRoot, put, SERVICES, tableIn } from "../support/cli.ts";

const FILES = { "etc/services": SERVICES, "etc/portreserve/cups": "ipp\n" };
const LEFT_OUT = "portreservectl: warning: left out: 1 rejected line or file; everything else is in the table\n";

describe("/etc/services", () => {
  const builtIn =
    "+ 631/tcp+udp\nwritten: '/etc/portreserve.table', generation 1, 1 tcp and 1 udp ports (there was no table)\n";

  test("missing: the built-in names are known, and check says so", () => {
    const root = makeRoot({ "etc/portreserve/cups": "ipp\n" });
    expect(ctl(["compile", "--root", root])).toEqual({ status: 0, stdout: builtIn, stderr: "" });
    expect(ctl(["check", "--root", root]).stderr).toBe(
      "portreservectl: note: /etc/services: there is no such file, so only built-in service names are known\n" +
        "hint: write port numbers, or install the package that ships it (netbase, setup)\n",
    );
  });

  test.each([
    ["empty", ""],
    ["binary", Uint8Array.from({ length: 70_000 }, (_, index) => (index * 31) % 256)],
  ])("%s: the built-in names are known", (_, content) => {
    const root = makeRoot({ "etc/portreserve/cups": "ipp\n", "etc/services": content });
    expect(ctl(["compile", "--root", root])).toEqual({ status: 0, stdout: builtIn, stderr: "" });
  });

  test("a folder: a diagnostic, and the built-in names are known", () => {
    const root = makeRoot({ "etc/portreserve/cups": "ipp\n", "etc/services/": "" });
    expect(ctl(["compile", "--root", root])).toEqual({
      status: 1,
      stdout: builtIn,
      stderr:
        "portreservectl: error: /etc/services: cannot read it: it is a directory; its service names are not known\n" +
        LEFT_OUT,
    });
  });
});

describe("a table in force", () => {
  const files = { "etc/services": "own 700/tcp\n", "etc/portreserve/own": "own\n631\n" };
  const unreadable: readonly (readonly [string, (root: string) => void])[] = [
    ["a folder", (root) => mkdirSync(path.join(root, "etc/services"))],
    ["over its limit", (root) => put(root, "etc/services", new Uint8Array(4 * 1024 * 1024 + 1))],
  ];

  test.each(unreadable)("is kept where /etc/services is %s and its ports would be let go", (_, spoil) => {
    const root = makeRoot(files);
    ctl(["compile", "--root", root]);
    rmSync(path.join(root, "etc/services"));
    spoil(root);
    const { status, stderr } = ctl(["compile", "--root", root]);
    expect(status).toBe(3);
    expect(stderr).toContain(
      "portreservectl: error: '/etc/services' cannot be read, and without it 700/tcp 700/udp would no longer be reserved; the old table is still in use\n" +
        "hint: see it with 'ls -l /etc/services' and mend it, or let them go with 'sudo portreservectl compile --force'\n",
    );
    expect(tableIn(root)).toMatchObject({ tcp: [631, 700], udp: [631, 700] });
    put(root, "etc/portreserve/own", "own\n631\n632\n700\n");
    expect(ctl(["compile", "--root", root]).stdout).toMatch(/^\+ 632\/tcp\+udp$/m);
    put(root, "etc/portreserve/own", "own\n631\n");
    expect(ctl(["compile", "--force", "--root", root]).status).toBe(1);
    expect(tableIn(root).tcp).toEqual([631]);
  });

  test("loses the ports of a services file that is gone (the control)", () => {
    const root = makeRoot(files);
    ctl(["compile", "--root", root]);
    rmSync(path.join(root, "etc/services"));
    expect(ctl(["compile", "--root", root]).status).toBe(1);
    expect(tableIn(root).tcp).toEqual([631]);
  });

  test("is kept where the blacklist is a folder", () => {
    const root = makeRoot({ ...FILES, "etc/bindresvport.blacklist": "655\n" });
    ctl(["compile", "--root", root]);
    rmSync(path.join(root, "etc/bindresvport.blacklist"));
    mkdirSync(path.join(root, "etc/bindresvport.blacklist"));
    expect(ctl(["compile", "--root", root]).status).toBe(3);
    expect(tableIn(root).tcp).toEqual([631, 655]);
    expect(ctl(["compile", "--no-blacklist", "--root", root]).status).toBe(0);
    expect(tableIn(root).tcp).toEqual([631]);
  });
});

test("/usr/etc/services alone is enough", () => {
  const root = makeRoot({ "usr/etc/services": "own 700/tcp\n", "etc/portreserve/own": "own\n" });
  expect(ctl(["check", "--root", root]).status).toBe(0);
  ctl(["compile", "--root", root]);
  expect(tableIn(root).tcp).toEqual([700]);
});

test("a blacklist that is a FIFO is a diagnostic, and --no-blacklist does not look at it", () => {
  const root = makeRoot(FILES);
  execFileSync("mkfifo", [path.join(root, "etc/bindresvport.blacklist")]);
  expect(ctl(["check", "--root", root])).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(
      /^portreservectl: error: \/etc\/bindresvport\.blacklist: cannot read it: it is a FIFO; its ports are not reserved\n/,
    ),
  });
  expect(ctl(["check", "--no-blacklist", "--root", root]).status).toBe(0);
});

describe("/etc/portreserve", () => {
  test.each(["check", "compile"])("missing: %s says what to create", (verb) => {
    const root = makeRoot({ "etc/services": SERVICES });
    expect(ctl([...verb.split(" "), "--root", root])).toEqual({
      status: 3,
      stdout: "",
      stderr:
        "portreservectl: error: there is no folder '/etc/portreserve', so there is nothing to read\n" +
        `hint: create it with 'mkdir ${root}/etc/portreserve', then for each service a file with its ports, such as 'echo ipp > ${root}/etc/portreserve/cups'\n`,
    });
  });

  test("missing, and no table either: nothing is reserved but what the blacklist would have", () => {
    const root = makeRoot({ "etc/services": SERVICES, "etc/bindresvport.blacklist": "631\n" });
    const stderr =
      "portreservectl: warning: there is neither '/etc/portreserve' nor a table, so nothing is reserved\n" +
      `hint: run 'sudo portreservectl compile --root ${root}'\n`;
    expect(ctl(["lookup", "ipp/udp", "--root", root])).toEqual({
      status: 1,
      stdout: "631/udp  not in force  bindresvport.blacklist  /etc/bindresvport.blacklist:1\n",
      stderr,
    });
    const listed = ctl(["list", "--root", root]);
    expect(listed).toMatchObject({ status: 1, stderr });
    expect(listed.stdout).toMatch(
      /^631\/udp {2}bindresvport\.blacklist {2}no +preload {4}\/etc\/bindresvport\.blacklist:1$/m,
    );
    rmSync(path.join(root, "etc/bindresvport.blacklist"));
    expect(ctl(["lookup", "631", "--root", root]).stdout).toBe("631/tcp  not reserved\n631/udp  not reserved\n");
    expect(ctl(["list", "--root", root])).toEqual({ status: 1, stdout: "no reservations\n", stderr });
  });

  test.each(["compile", "list", "lookup 631"])("a file: %s says so", (verb) => {
    expect(ctl([...verb.split(" "), "--root", makeRoot({ "etc/portreserve": "ipp\n" })])).toEqual({
      status: 3,
      stdout: "",
      stderr:
        "portreservectl: error: '/etc/portreserve' is not a folder\n" +
        "hint: move the file away and create a folder of that name, with one file for each service\n",
    });
  });

  test("gone while a table is in force: list and lookup answer from the table", () => {
    const root = makeRoot(FILES);
    ctl(["compile", "--root", root]);
    rmSync(path.join(root, "etc/portreserve"), { recursive: true });
    const { status, stdout, stderr } = ctl(["lookup", "631/udp", "--root", root]);
    expect({ status, stdout, first: stderr.split("\n")[0] }).toEqual({
      status: 0,
      stdout: "631/udp  reserved\n",
      first:
        "portreservectl: warning: there is no folder '/etc/portreserve', so there is nothing to read; owners and lines are not known",
    });
    expect(ctl(["list", "--root", root]).stdout).toBe(
      "PORT     OWNER  IN TABLE  MECHANISM  LINE\n631/tcp  -      yes       preload    only in the table\n631/udp  -      yes       preload    only in the table\n" +
        "preload: bindresvport and rresvport hand these out; programs that run with the shim step over the ones in the table\n",
    );
  });
});
