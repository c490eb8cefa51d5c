// lookup: whole outputs, and their exit codes.
import { readdirSync, readFileSync } from "node:fs";
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
      "'portreservectl list' shows every owner and port",
    ],
  ])("refuses '%s' as nonsense, with exit code 2", (word, message, hint) => {
    expect(ctl(["lookup", word, "--root", compiled()])).toEqual({
      status: 2,
      stdout: "",
      stderr: `portreservectl: error: ${message}\nhint: ${hint}\n`,
    });
  });

  test("says when the table and the configuration disagree, and believes the table", () => {
    const root = compiled();
    put(root, "etc/portreserve/mail", "rsync/tcp\n");
    const stderr =
      "portreservectl: note: the configuration has changed since the table was compiled\nhint: run 'sudo portreservectl compile'\n";
    expect(ctl(["lookup", "993/tcp", "--root", root])).toEqual({
      status: 0,
      stdout: "993/tcp  reserved  -  only in the table\n",
      stderr,
    });
    expect(ctl(["lookup", "mail", "--root", root])).toEqual({
      status: 1,
      stdout: "873/tcp  not reserved  mail  /etc/portreserve/mail:1\n",
      stderr,
    });
  });

  test("explains a reservation that no table can hold", () => {
    const root = compiled({ ...FILES, "etc/portreserve/nfs": "2049/tcp\n" });
    expect(ctl(["lookup", "nfs", "--root", root])).toEqual({
      status: 1,
      stdout: "2049/tcp  not reserved  nfs  /etc/portreserve/nfs:1\n",
      stderr:
        "portreservectl: note: 2049: the kernel hands these out, and this version does not manage it: add the port to the sysctl net.ipv4.ip_local_reserved_ports\n",
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
      ports: [
        {
          port: 993,
          protocol: "tcp",
          reserved: true,
          lever: "preload",
          claims: [{ port: 993, protocol: "tcp", owner: "mail", file: "/etc/portreserve/mail", line: 2 }],
        },
        { port: 993, protocol: "udp", reserved: false, lever: "preload", claims: [] },
      ],
    });
  });

  test("changes nothing", () => {
    const root = compiled();
    const before = readFileSync(tablePath(root));
    ctl(["lookup", "631", "--root", root]);
    expect(readFileSync(tablePath(root)).equals(before)).toBe(true);
    expect(readdirSync(path.join(root, "run"))).toEqual(["portreserve.lock"]);
  });
});
