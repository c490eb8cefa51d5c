// What a reservation line may look like, and what it reserves.
import { expect, test } from "vitest";
import { configureText, ports } from "./inputs.ts";

const ACCEPTED: [content: string, ports: string[]][] = [
  ["631", ["631/tcp", "631/udp"]],
  ["631\n", ["631/tcp", "631/udp"]],
  ["631/tcp\n", ["631/tcp"]],
  ["631/UDP\r\n", ["631/udp"]],
  ["631/Tcp\r\n\r\n632/uDp", ["631/tcp", "632/udp"]],
  [" \t 631/tcp \t ", ["631/tcp"]],
  ["631/tcp# no space before this", ["631/tcp"]],
  ["# 600\n   # 601\n631/tcp # 602 # 603", ["631/tcp"]],
  ["608-610", ["608/tcp", "608/udp", "609/tcp", "609/udp", "610/tcp", "610/udp"]],
  ["608-610/udp", ["608/udp", "609/udp", "610/udp"]],
  ["608-608/tcp", ["608/tcp"]],
  ["512/tcp\n1023/tcp", ["512/tcp", "1023/tcp"]],
  ["ipp", ["631/tcp", "631/udp"]],
  ["ipp/tcp", ["631/tcp"]],
  ["krb5_prop/tcp\nkrb_prop\nhprop", ["754/tcp", "754/udp"]],
  ["\ufeff631/tcp\n", ["631/tcp"]],
  ["631/tcp # réservé\u00a0à cups 🖨", ["631/tcp"]],
  ["", []],
  ["\n\r\n \t\n", []],
];

for (const [content, expected] of ACCEPTED) {
  test(`takes ${JSON.stringify(content)} without a diagnostic`, () => {
    const configuration = configureText(content);
    expect(configuration.diagnostics).toEqual([]);
    expect(ports(configuration)).toEqual(expected);
  });
}

test("reads a line of almost the whole file limit", () => {
  const configuration = configureText(`${" ".repeat(65500)}631/tcp # end`);
  expect(configuration.diagnostics).toEqual([]);
  expect(ports(configuration)).toEqual(["631/tcp"]);
});

test("takes ports that nothing hands out, with a note for each side of the range", () => {
  const configuration = configureText("511-512/tcp\n  1023-1024/udp\n2049/tcp\n");
  const expected = ["511/tcp", "512/tcp", "1023/udp", "1024/udp", "2049/tcp"];
  expect(ports(configuration)).toEqual(expected);
  const file = "/etc/portreserve/owner";
  const above = { severity: "note", code: "port-above-allocators" };
  const hint = "the kernel may: see the sysctl net.ipv4.ip_local_reserved_ports";
  expect(configuration.diagnostics).toEqual([
    {
      severity: "note",
      code: "port-below-allocators",
      message: "port 511 is below 512: bindresvport never hands it out",
      hint: "the line may stay, but nothing needs it",
      place: { file, line: 1, column: 1, length: 7, text: "511-512/tcp" },
    },
    {
      ...above,
      message: "port 1024 is above 1023: bindresvport never hands it out",
      hint,
      place: { file, line: 2, column: 3, length: 9, text: "  1023-1024/udp" },
    },
    {
      ...above,
      message: "port 2049 is above 1023: bindresvport never hands it out",
      hint,
      place: { file, line: 3, column: 1, length: 4, text: "2049/tcp" },
    },
  ]);
});
