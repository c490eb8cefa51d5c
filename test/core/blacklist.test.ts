// The blacklist is read as libtirpc reads it. The first test's outcome was taken from a run of libtirpc 1.3.3.
import { expect, test } from "vitest";
import { configure } from "../../src/core/config/configure.ts";
import { BLACKLIST, BLACKLIST_PORTS } from "./blacklist-sample.ts";
import { blacklistFile, inputs, ports } from "./inputs.ts";

function read(content: string | Uint8Array) {
  return configure(inputs({ blacklist: blacklistFile(content) }));
}

test("reserves exactly the ports that libtirpc 1.3.3 leaves alone with the same file", () => {
  expect(ports(read(BLACKLIST))).toEqual(BLACKLIST_PORTS.flatMap((port) => [`${port}/tcp`, `${port}/udp`]));
});

test("reserves both protocols in the name of the file, with the line", () => {
  expect(read("# one\n\n631\t# cups\r\n0x28a")).toEqual({
    reservations: [
      {
        port: 631,
        protocol: "tcp",
        owner: "bindresvport.blacklist",
        file: "/etc/bindresvport.blacklist",
        line: 3,
        kind: "reserve",
      },
      {
        port: 631,
        protocol: "udp",
        owner: "bindresvport.blacklist",
        file: "/etc/bindresvport.blacklist",
        line: 3,
        kind: "reserve",
      },
      {
        port: 650,
        protocol: "tcp",
        owner: "bindresvport.blacklist",
        file: "/etc/bindresvport.blacklist",
        line: 4,
        kind: "reserve",
      },
      {
        port: 650,
        protocol: "udp",
        owner: "bindresvport.blacklist",
        file: "/etc/bindresvport.blacklist",
        line: 4,
        kind: "reserve",
      },
    ],
    diagnostics: [],
  });
});

const ALONE = "is not a number alone, so libtirpc drops the line, and so does the table";
const OUTSIDE = "is not from 512 to 1023, so libtirpc drops the line, and so does the table";
const ONE = "write one number a line, and '#' before a comment";
const REMOVE = "bindresvport never hands it out: remove the line";
const UNZERO = "write it without the leading zero";

const DROPPED: [line: string, column: number, length: number, message: string, hint: string][] = [
  ["631 632", 1, 7, `'631 632' ${ALONE}`, ONE],
  ["  631x  # c", 3, 4, `'631x' ${ALONE}`, ONE],
  ["631-633", 1, 7, `'631-633' ${ALONE}`, ONE],
  ["631/tcp", 1, 7, `'631/tcp' ${ALONE}`, ONE],
  ["ipp", 1, 3, `'ipp' ${ALONE}`, ONE],
  ["0x", 1, 2, `'0x' ${ALONE}`, ONE],
  ["0899", 1, 4, `'0899' ${ALONE}`, ONE],
  ["\ufeff631", 1, 4, `'\ufeff631' ${ALONE}`, ONE],
  ["- 631", 1, 5, `'- 631' ${ALONE}`, ONE],
  ["511", 1, 3, `'511' ${OUTSIDE}`, REMOVE],
  ["1024", 1, 4, `'1024' ${OUTSIDE}`, REMOVE],
  ["0", 1, 1, `'0' ${OUTSIDE}`, REMOVE],
  ["-631", 1, 4, `'-631' ${OUTSIDE}`, REMOVE],
  ["99999999999999999999999", 1, 23, `'99999999999999999999999' ${OUTSIDE}`, REMOVE],
  ["0655", 1, 4, `'0655', read as the octal number 429, ${OUTSIDE}`, UNZERO],
];

for (const [text, column, length, message, hint] of DROPPED) {
  test(`notes that ${JSON.stringify(text)} has no effect`, () => {
    const place = { file: "/etc/bindresvport.blacklist", line: 1, column, length, text };
    expect(read(`${text}\n`)).toEqual({
      reservations: [],
      diagnostics: [{ severity: "note", code: "blacklist-line-dropped", message, hint, place }],
    });
  });
}

test("notes a number that takes effect as an octal one", () => {
  const configuration = read("01167\n");
  expect(ports(configuration)).toEqual(["631/tcp", "631/udp"]);
  expect(configuration.diagnostics).toEqual([
    {
      severity: "note",
      code: "blacklist-octal",
      message: "'01167' is read as an octal number: port 631",
      hint: "write '631' if that is meant, or the number without the leading zero",
      place: { file: "/etc/bindresvport.blacklist", line: 1, column: 1, length: 5, text: "01167" },
    },
  ]);
});
