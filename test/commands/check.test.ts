// check: whole outputs, and their exit codes.
import { chmodSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { asNobody, compiled, ctl, FILES, makeRoot, put, retireTable, SERVICES, tablePath } from "../support/cli.ts";

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
        `hint: run 'sudo portreservectl compile --root ${root}'\n`,
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
      stderr: `portreservectl: warning: ${message}\nhint: run 'sudo portreservectl compile --root ${root}'\n`,
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

  test("takes one that was forced for a note once it is in force", () => {
    const root = compiled({ "etc/services": SERVICES, "etc/portreserve/greedy": "600-992/tcp\n" });
    expect(ctl(["check", "--root", root]).status).toBe(1);
    ctl(["compile", "--force", "--root", root]);
    expect(ctl(["check", "--root", root])).toEqual({
      status: 0,
      stdout:
        "1 file, 1 owner: 393 tcp and 0 udp ports below 1024\n" +
        "31 of the 424 ports from 600 to 1023 are left to hand out\n" +
        "table '/etc/portreserve.table': fresh, compiled from just this configuration\n" +
        "accepted: 0 errors, 1 note\n",
      stderr:
        "portreservectl: note: only 31 ports of 600 to 1023 would be left to hand out for tcp, and programs need at least 32\n" +
        "hint: it is in force all the same, compiled with --force\n",
    });
    put(root, "etc/portreserve/greedy", "600-993/tcp\n");
    expect(ctl(["check", "--root", root]).status).toBe(1);
  });

  test.each([
    ["fresh, compiled from just this configuration", "", "the table in force is retired", "fresh"],
    [
      "stale, the configuration has changed since it was compiled",
      "rsync\n",
      "the table in force is stale and retired",
      "stale",
    ],
  ])("tells a retired table that is %s", (text, change, message, table) => {
    const root = compiled();
    retireTable(root);
    put(root, "etc/portreserve/more", change);
    const { status, stdout, stderr } = ctl(["check", "--root", root]);
    expect({ status, line: stdout.split("\n")[2], stderr }).toEqual({
      status: 0,
      line: `table '/etc/portreserve.table': ${text}; retired, a compile was cut short; it is still in force, but slower to consult`,
      stderr: `portreservectl: note: ${message}\nhint: run 'sudo portreservectl compile --root ${root}'\n`,
    });
    expect(JSON.parse(ctl(["check", "--json", "--root", root]).stdout)).toMatchObject({ table, retired: true });
  });

  test("tells a folder in the table's place from a damaged table", () => {
    const root = makeRoot({ ...FILES, "etc/portreserve.table/": "" });
    const { stdout, stderr } = ctl(["check", "--root", root]);
    expect({ line: stdout.split("\n")[2], stderr }).toEqual({
      line: "table '/etc/portreserve.table': no file",
      stderr:
        "portreservectl: warning: the table '/etc/portreserve.table' is no file: it is a directory, so nothing is reserved\n" +
        "hint: move it away, then compile\n",
    });
    for (const verb of ["check", "list"]) {
      expect(JSON.parse(ctl([verb, "--json", "--root", root]).stdout)).toMatchObject({ table: "foreign" });
    }
  });

  test("reports a folder whose files this user may not reach", () => {
    const root = compiled();
    chmodSync(path.join(root, "etc/portreserve"), 0o644);
    const denied = (name: string): string =>
      `portreservectl: error: /etc/portreserve/${name}: cannot read it: permission denied; what it reserves is not in force\n` +
      "hint: run it with sudo, or see the mode and owner of the file with 'ls -l'\n";
    const { status, stderr } = ctl(["check", "--root", root], { under: asNobody });
    // So that an ordinary user can remove it again.
    chmodSync(path.join(root, "etc/portreserve"), 0o755);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: `${denied("cups")}${denied("dual")}${denied("mail")}portreservectl: note: the table in force is stale\nhint: run 'sudo portreservectl compile --root ${root}'\n`,
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
      held: 0,
      blocked: 0,
      table: "fresh",
      retired: false,
      holdFile: "none",
    });
  });
});
