// check and list: whole outputs, and their exit codes.
import { readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { ctl, makeRoot, put, SERVICES, tablePath } from "../support/cli.ts";

const FILES = {
  "etc/services": SERVICES,
  "etc/portreserve/cups": "ipp # printing\n",
  "etc/portreserve/mail": "\nimaps/tcp\n",
  "etc/portreserve/dual": "631/udp\n",
};

function compiled(files: Readonly<Record<string, string>> = FILES): string {
  const root = makeRoot(files);
  ctl(["compile", "--root", root]);
  return root;
}

describe("check", () => {
  test("accepts a good configuration with a fresh table, and exits 0", () => {
    expect(ctl(["check", "--root", compiled()])).toEqual({
      status: 0,
      stdout:
        "3 files, 3 owners: 2 tcp and 1 udp ports below 1024\n" +
        "422 of the 424 ports from 600 to 1023 are left to hand out\n" +
        "table '/etc/portreserve.table': fresh, compiled from just this configuration\n" +
        "accepted: 0 errors, 0 notes\n",
      stderr: "",
    });
  });

  test("shows notes too, and a stale table is no error", () => {
    const root = compiled();
    put(root, "etc/portreserve/nfs", "2049/tcp\n");
    put(root, "etc/portreserve/cups.rpmsave", "nonsense\n");
    expect(ctl(["check", "--root", root])).toEqual({
      status: 0,
      stdout:
        "4 files, 4 owners: 2 tcp and 1 udp ports below 1024, and 1 port of 1024 and above\n" +
        "422 of the 424 ports from 600 to 1023 are left to hand out\n" +
        "table '/etc/portreserve.table': stale, the configuration has changed since it was compiled\n" +
        "accepted: 0 errors, 2 notes\n",
      stderr:
        "portreservectl: note: /etc/portreserve/cups.rpmsave: ignored, because its name has a '.'\n" +
        "hint: names with '.' or '~' are taken for backups and leftovers: rename it if it is a reservation file\n" +
        "portreservectl: note: /etc/portreserve/nfs:1:1: port 2049 is above 1023: bindresvport never hands it out\n" +
        "    2049/tcp\n" +
        "    ^^^^\n" +
        "hint: the kernel may: see the sysctl net.ipv4.ip_local_reserved_ports\n" +
        "portreservectl: note: the table in force is stale\n" +
        "hint: run 'sudo portreservectl compile'\n",
    });
  });

  test("exits 1 when a line is rejected, and writes nothing", () => {
    const root = makeRoot({ ...FILES, "etc/portreserve/bad": "608 - \t610/tcp/\n" });
    const { status, stdout } = ctl(["check", "--root", root]);
    expect({ status, last: stdout.split("\n").at(-2) }).toEqual({ status: 1, last: "rejected: 1 error, 0 notes" });
    expect(readdirSync(path.join(root, "etc")).sort()).toEqual(["portreserve", "services"]);
    expect(readdirSync(path.join(root, "run"))).toEqual([]);
  });

  test.each([
    ["missing", undefined, "there is no table '/etc/portreserve.table', so nothing is reserved"],
    [
      "damaged",
      Buffer.alloc(4096, 0x41),
      "the table '/etc/portreserve.table' is not a portreserve table, so nothing is reserved",
    ],
    ["damaged", Buffer.from("PORT"), "the table '/etc/portreserve.table' is too short, so nothing is reserved"],
  ])("reports a table that is %s (%#)", (state, bytes, message) => {
    const root = makeRoot(FILES);
    if (bytes !== undefined) writeFileSync(tablePath(root), bytes);
    const { status, stdout, stderr } = ctl(["check", "--root", root]);
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: `portreservectl: warning: ${message}\nhint: run 'sudo portreservectl compile'\n`,
    });
    expect(stdout).toContain(`table '/etc/portreserve.table': ${state}\n`);
    expect(JSON.parse(ctl(["check", "--json", "--root", root]).stdout)).toMatchObject({ table: state });
  });

  test("counts a table too full to compile as an error", () => {
    const root = makeRoot({ ...FILES, "etc/portreserve/greedy": "600-1023\n" });
    expect(ctl(["check", "--root", root])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("error: no port of 600 to 1023 would be left to hand out for tcp and udp"),
    });
  });

  test("gives the same as one JSON document", () => {
    const { stdout } = ctl(["check", "--json", "--root", compiled()]);
    expect(JSON.parse(stdout)).toEqual({
      schemaVersion: 1,
      command: "check",
      outcome: "done",
      exitCode: 0,
      diagnostics: [],
      messages: [],
      errors: 0,
      notes: 0,
      files: 3,
      owners: 3,
      tcp: 2,
      udp: 1,
      beyondTable: 0,
      unreserved: 422,
      table: "fresh",
    });
  });
});

describe("list", () => {
  test("shows every reservation, its owner, its line and whether it is in the table", () => {
    const root = compiled();
    put(root, "etc/portreserve/mail", "rsync/tcp\n2049/tcp\nsyslog/udp\n80/tcp\n");
    expect(ctl(["list", "--root", root])).toEqual({
      status: 0,
      stdout:
        "PORT      OWNER  IN TABLE  LEVER      LINE\n" +
        "80/tcp    mail   no        none       /etc/portreserve/mail:4\n" +
        "514/udp   mail   no        preload    /etc/portreserve/mail:3\n" +
        "631/tcp   cups   yes       preload    /etc/portreserve/cups:1\n" +
        "631/udp   cups   yes       preload    /etc/portreserve/cups:1\n" +
        "631/udp   dual   yes       preload    /etc/portreserve/dual:1\n" +
        "873/tcp   mail   no        preload    /etc/portreserve/mail:1\n" +
        "993/tcp   -      yes       preload    only in the table\n" +
        "2049/tcp  mail   -         ephemeral  /etc/portreserve/mail:2\n" +
        "none: no library hands out ports below 512, so nothing is needed\n" +
        "preload: bindresvport and rresvport hand these out; programs that run with the shim step over the ones in the table\n" +
        "ephemeral: the kernel hands these out, and this version does not manage it: add the port to the sysctl net.ipv4.ip_local_reserved_ports\n",
      stderr:
        "portreservectl: note: the configuration has changed since the table was compiled\nhint: run 'sudo portreservectl compile'\n",
    });
  });

  test("exits 1 without a table, and shows what would be in the table", () => {
    const root = makeRoot({ "etc/services": SERVICES, "etc/portreserve/cups": "ipp/udp\nnonsense\n" });
    expect(ctl(["list", "--root", root])).toEqual({
      status: 1,
      stdout:
        "PORT     OWNER  IN TABLE  LEVER    LINE\n631/udp  cups   no        preload  /etc/portreserve/cups:1\n" +
        "preload: bindresvport and rresvport hand these out; programs that run with the shim step over the ones in the table\n",
      stderr:
        "portreservectl: warning: not listed: 1 rejected line or file\nhint: 'portreservectl check' shows what is wrong\n" +
        "portreservectl: warning: there is no table '/etc/portreserve.table', so nothing is reserved\nhint: run 'sudo portreservectl compile'\n",
    });
  });

  test("says when there is nothing to list", () => {
    expect(ctl(["list", "--root", compiled({ "etc/portreserve/empty": "# nothing yet\n" })])).toEqual({
      status: 0,
      stdout: "no reservations\n",
      stderr: "",
    });
  });

  test("gives each row as data", () => {
    const { stdout } = ctl([
      "list",
      "--json",
      "--root",
      compiled({ "etc/services": SERVICES, "etc/portreserve/d": "rndc/tcp\n" }),
    ]);
    expect(JSON.parse(stdout)).toEqual({
      schemaVersion: 1,
      command: "list",
      outcome: "done",
      exitCode: 0,
      diagnostics: [],
      messages: [],
      table: "fresh",
      reservations: [
        {
          port: 953,
          protocol: "tcp",
          owner: "d",
          file: "/etc/portreserve/d",
          line: 1,
          lever: "preload",
          inTable: true,
        },
      ],
    });
  });
});
