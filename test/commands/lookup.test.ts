// lookup: whole outputs, and their exit codes.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { compiled, ctl, FILES, put, retireTable, tablePath } from "../support/cli.ts";
import { schemaFaults } from "../support/schema.ts";

describe("lookup", () => {
  test.each([
    [
      "631",
      0,
      "631/tcp  reserved  cups  /etc/portreserve/cups:1\n631/udp  reserved  cups  /etc/portreserve/cups:1\n631/udp  reserved  dual  /etc/portreserve/dual:1\n",
    ],
    ["0631/TCP", 0, "631/tcp  reserved  cups  /etc/portreserve/cups:1\n"],
    ["993", 0, "993/tcp  reserved      mail  /etc/portreserve/mail:2\n993/udp  not reserved\n"],
    ["993/udp", 1, "993/udp  not reserved\n"],
    ["50000", 1, "50000/tcp  not reserved\n50000/udp  not reserved\n"],
    ["mail", 0, "993/tcp  reserved  mail  /etc/portreserve/mail:2\n"],
    ["mail/udp", 1, "'mail' reserves nothing\n"],
    ["imaps", 0, "993/tcp  reserved      mail  /etc/portreserve/mail:2\n993/udp  not reserved\n"],
    ["rsync/tcp", 1, "873/tcp  not reserved\n"],
  ])("answers '%s' with exit code %i", (word, status, stdout) => {
    expect(ctl(["lookup", word, "--root", compiled()])).toEqual({ status, stdout, stderr: "" });
  });

  test.each([
    ["0", "'0' is not a port", "ports are 1 to 65535"],
    ["65536/tcp", "'65536' is not a port", "ports are 1 to 65535"],
    ["ipps", "'ipps' is neither a port, nor an owner in the configuration, nor a service", "did you mean 'ipp'?"],
    [
      "no\u001b[2Jsuch",
      "'no\\x1b[2Jsuch' is neither a port, nor an owner in the configuration, nor a service",
      "'portreservectl list --root ROOT' shows every owner and port",
    ],
    ["631/sctp", "unknown protocol 'sctp'", "write '631/tcp', '631/udp', or '631' for both"],
    ["ipp/", "unknown protocol ''", "write 'ipp/tcp', 'ipp/udp', or 'ipp' for both"],
    [
      "600-700",
      "'600-700' is a range, and lookup takes one port at a time",
      "'portreservectl list --root ROOT' shows every owner and port",
    ],
  ])("refuses '%s' as nonsense, with exit code 2", (word, message, hint) => {
    const root = compiled();
    expect(ctl(["lookup", word, "--root", root])).toEqual({
      status: 2,
      stdout: "",
      stderr: `portreservectl: error: ${message}\nhint: ${hint.replace("ROOT", root)}\n`,
    });
  });

  test("says when the table and the configuration disagree, and believes the table", () => {
    const root = compiled();
    put(root, "etc/portreserve/mail", "rsync/tcp\n");
    const stderr = `portreservectl: note: the configuration has changed since the table was compiled\nhint: run 'sudo portreservectl compile --root ${root}'\n`;
    expect(ctl(["lookup", "993/tcp", "--root", root])).toEqual({
      status: 0,
      stdout: "993/tcp  reserved  -  only in the table\n",
      stderr,
    });
    expect(ctl(["lookup", "mail", "--root", root])).toEqual({
      status: 1,
      stdout: "873/tcp  not in force  mail  /etc/portreserve/mail:1\n",
      stderr,
    });
  });

  test("says that the table is retired", () => {
    const root = compiled();
    retireTable(root);
    expect(ctl(["lookup", "993/tcp", "--root", root])).toEqual({
      status: 0,
      stdout: "993/tcp  reserved  mail  /etc/portreserve/mail:2\n",
      stderr:
        "portreservectl: note: the table is retired, since a compile was cut short; it is still in force\n" +
        `hint: run 'sudo portreservectl compile --root ${root}'\n`,
    });
    const { stdout } = ctl(["lookup", "993/tcp", "--json", "--root", root]);
    expect(JSON.parse(stdout)).toMatchObject({ table: "fresh", retired: true });
  });

  test.each(["there is none", "it is empty"])("knows the blacklist as an owner where %s", (state) => {
    const root = compiled(state === "it is empty" ? { ...FILES, "etc/bindresvport.blacklist": "# none\n" } : FILES);
    expect(ctl(["lookup", "bindresvport.blacklist", "--root", root])).toEqual({
      status: 1,
      stdout: "'bindresvport.blacklist' reserves nothing\n",
      stderr: "",
    });
  });

  test("explains a reservation that no table can hold", () => {
    const root = compiled({ ...FILES, "etc/portreserve/nfs": "2049/tcp\n" });
    expect(ctl(["lookup", "nfs", "--root", root])).toEqual({
      status: 1,
      stdout: "2049/tcp  not reserved  nfs  /etc/portreserve/nfs:1\n",
      stderr:
        "portreservectl: note: 2049: the kernel hands these out, unless they are in its list: 'portreservectl mechanisms apply ephemeral' puts them there\n",
    });
  });

  test("gives the answer as data", () => {
    const { stdout } = ctl(["lookup", "--json", "imaps", "--root", compiled()]);
    expect(JSON.parse(stdout)).toEqual({
      schemaVersion: 1,
      command: "lookup",
      outcome: "done",
      exitCode: 0,
      diagnostics: [],
      messages: [],
      query: "imaps",
      kind: "service",
      table: "fresh",
      retired: false,
      holdFile: "none",
      ports: [
        {
          port: 993,
          protocol: "tcp",
          reserved: true,
          kept: null,
          mechanism: "preload",
          guards: [],
          claims: [
            { port: 993, protocol: "tcp", owner: "mail", file: "/etc/portreserve/mail", line: 2, kind: "reserve" },
          ],
          state: null,
          holders: null,
          hold: null,
        },
        {
          port: 993,
          protocol: "udp",
          reserved: false,
          kept: null,
          mechanism: "preload",
          guards: [],
          claims: [],
          state: null,
          holders: null,
          hold: null,
        },
      ],
      threats: null,
    });
    expect(schemaFaults("lookup", JSON.parse(stdout))).toEqual([]);
  });

  test("changes nothing", () => {
    const root = compiled();
    const state = () => [readFileSync(tablePath(root)), readdirSync(path.join(root, "run")), readdirSync(root)];
    const before = state();
    ctl(["lookup", "631", "--root", root]);
    expect(state()).toEqual(before);
  });
});
