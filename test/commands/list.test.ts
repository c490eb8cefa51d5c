// list: whole outputs, and their exit codes.
import { describe, expect, test } from "vitest";
import { compiled, ctl, makeRoot, put, retireTable, SERVICES } from "../support/cli.ts";
import { schemaFaults } from "../support/schema.ts";

describe("list", () => {
  test("shows every reservation, its owner, its line and whether it is in the table", () => {
    const root = compiled();
    put(root, "etc/portreserve/mail", "rsync/tcp\n2049/tcp\nsyslog/udp\n80/tcp\n");
    expect(ctl(["list", "--root", root])).toEqual({
      status: 0,
      stdout:
        "PORT      OWNER  IN TABLE  MECHANISM  LINE\n" +
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
        "ephemeral: the kernel hands these out, unless they are in its list: 'portreservectl mechanisms apply ephemeral' puts them there\n",
      stderr: `portreservectl: note: the configuration has changed since the table was compiled\nhint: run 'sudo portreservectl compile --root ${root}'\n`,
    });
  });

  test("exits 1 without a table, and shows what would be in the table", () => {
    const root = makeRoot({ "etc/services": SERVICES, "etc/portreserve/cups": "ipp/udp\nnonsense\n" });
    expect(ctl(["list", "--root", root])).toEqual({
      status: 1,
      stdout:
        "PORT     OWNER  IN TABLE  MECHANISM  LINE\n631/udp  cups   no        preload    /etc/portreserve/cups:1\n" +
        "preload: bindresvport and rresvport hand these out; programs that run with the shim step over the ones in the table\n",
      stderr:
        `portreservectl: warning: not listed: 1 rejected line or file\nhint: 'portreservectl check --root ${root}' shows what is wrong\n` +
        `portreservectl: warning: there is no table '/etc/portreserve.table', so nothing is reserved\nhint: run 'sudo portreservectl compile --root ${root}'\n`,
    });
  });

  test("says when there is nothing to list", () => {
    expect(ctl(["list", "--root", compiled({ "etc/portreserve/empty": "# nothing yet\n" })])).toEqual({
      status: 0,
      stdout: "no reservations\n",
      stderr: "",
    });
  });

  test("says that a table is retired, stale or not", () => {
    const root = compiled();
    retireTable(root);
    const retired =
      "portreservectl: note: the table is retired, since a compile was cut short; it is still in force\n" +
      `hint: run 'sudo portreservectl compile --root ${root}'\n`;
    expect(ctl(["list", "--root", root])).toMatchObject({ status: 0, stderr: retired });
    put(root, "etc/portreserve/more", "rsync\n");
    expect(ctl(["list", "--root", root])).toMatchObject({
      status: 0,
      stderr: `portreservectl: note: the configuration has changed since the table was compiled\nhint: run 'sudo portreservectl compile --root ${root}'\n${retired}`,
    });
    expect(JSON.parse(ctl(["list", "--json", "--root", root]).stdout)).toMatchObject({ table: "stale", retired: true });
  });

  test("shows a space at the edge of a name, and counts every rejected line", () => {
    const root = makeRoot({
      "etc/services": SERVICES,
      "etc/portreserve/cups ": "700/tcp\n",
      "etc/portreserve/many": "nonsense\n".repeat(500),
    });
    const { stdout, stderr } = ctl(["list", "--root", root]);
    expect(stdout.split("\n")[1]).toBe("700/tcp  cups\\x20  no        preload    /etc/portreserve/cups :1");
    expect(stderr.split("\n")[0]).toBe("portreservectl: warning: not listed: 500 rejected lines or files");
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
      retired: false,
      holdFile: "none",
      reservations: [
        {
          port: 953,
          protocol: "tcp",
          owner: "d",
          file: "/etc/portreserve/d",
          line: 1,
          kind: "reserve",
          mechanism: "preload",
          inTable: true,
        },
      ],
    });
    expect(schemaFaults("list", JSON.parse(stdout))).toEqual([]);
  });
});
