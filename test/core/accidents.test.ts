// Every line the old daemon took by accident, and its near relatives: what is said about each, word for word.
import { expect, test } from "vitest";
import { configureText, ports } from "./inputs.ts";

const ANY = "write a port number from 1 to 65535";
const BOTH_FORMS = "write '631/tcp', '631/udp', or '631' for both";
const COMMENT = "write '#' before a comment, and one port or service a line";

/** The line, the column and length of the diagnostic, its code, message and hint. */
const REJECTED: [line: string, column: number, length: number, code: string, message: string, hint: string][] = [
  ["603 x", 5, 1, "extra-word", "unexpected 'x' after '603'", COMMENT],
  ["603/tcp - see the wiki", 9, 1, "extra-word", "unexpected '-' after '603/tcp'", COMMENT],
  ["631 tcp", 5, 3, "extra-word", "unexpected 'tcp' after '631'", "write '631/tcp'"],
  ["ipp\tUDP", 5, 3, "extra-word", "unexpected 'UDP' after 'ipp'", "write 'ipp/udp'"],
  ["rsync server", 7, 6, "extra-word", "unexpected 'server' after 'rsync'", COMMENT],
  ["603 604 605 606 607 608 609", 5, 3, "extra-word", "unexpected '604' after '603'", COMMENT],
  ["631 -x", 5, 2, "extra-word", "unexpected '-x' after '631'", COMMENT],
  ["608 - 610", 1, 9, "spaces-inside", "spaces inside '608 - 610'", "write '608-610'"],
  ["  608 - 610 / tcp ", 3, 15, "spaces-inside", "spaces inside '608 - 610 / tcp'", "write '608-610/tcp'"],
  ["ipp /tcp", 1, 8, "spaces-inside", "spaces inside 'ipp /tcp'", "write 'ipp/tcp'"],
  [
    "603x",
    1,
    4,
    "malformed-number",
    "'603x' is neither a port number nor a known service",
    "write '603' if that port is meant, and '#' before a comment",
  ],
  ["603;", 1, 4, "malformed-number", "'603;' is neither a port number nor a known service", "write '603'"],
  ["+631", 1, 4, "malformed-number", "'+631' is neither a port number nor a known service", "write '631'"],
  ["631.5", 1, 5, "malformed-number", "'631.5' is neither a port number nor a known service", ANY],
  ["608-", 1, 4, "malformed-number", "'608-' is neither a port number nor a known service", "write '608'"],
  ["608..610", 1, 8, "malformed-number", "'608..610' is neither a port number nor a known service", "write '608-610'"],
  ["608–610", 1, 7, "malformed-number", "'608–610' is neither a port number nor a known service", "write '608-610'"],
  ["99999x", 1, 6, "malformed-number", "'99999x' is neither a port number nor a known service", ANY],
  ["610-608", 1, 7, "reversed-range", "the range '610-608' ends before it begins", "write '608-610'"],
  ["631,632", 1, 7, "list-of-ports", "list of ports '631,632'", "write one port a line"],
  ["0624", 1, 4, "leading-zero", "leading zero in '0624', which could be meant as octal", "write '624'"],
  ["600-0620/udp", 5, 4, "leading-zero", "leading zero in '0620', which could be meant as octal", "write '620'"],
  ["0x271", 1, 5, "hexadecimal-number", "hexadecimal number '0x271'", "write '625'"],
  ["0x99999", 1, 7, "hexadecimal-number", "hexadecimal number '0x99999'", ANY],
  ["0", 1, 1, "port-zero", "port 0 cannot be reserved", ANY],
  ["0-10", 1, 1, "port-zero", "port 0 cannot be reserved", ANY],
  ["000/tcp", 1, 3, "port-zero", "port 0 cannot be reserved", ANY],
  ["-1", 1, 2, "negative-number", "negative number '-1'", ANY],
  ["99999", 1, 5, "port-too-high", "port '99999' is above 65535", ANY],
  ["65535-65536", 7, 5, "port-too-high", "port '65536' is above 65535", ANY],
  ["631/sctp", 5, 4, "unknown-protocol", "unknown protocol 'sctp'", BOTH_FORMS],
  ["631/17", 5, 2, "unknown-protocol", "unknown protocol '17'", BOTH_FORMS],
  ["TCP/631", 5, 3, "unknown-protocol", "unknown protocol '631'", "write '631/tcp'"],
  ["631/", 4, 1, "missing-protocol", "no protocol after the '/'", BOTH_FORMS],
  ["/tcp", 1, 1, "missing-port", "nothing before the '/'", "write a port or a service before it"],
  ["/", 1, 1, "missing-port", "nothing before the '/'", "write a port or a service before it"],
  ["631/tcp/udp", 8, 4, "second-slash", "more than one '/'", BOTH_FORMS],
  ["631//tcp", 5, 4, "second-slash", "more than one '/'", BOTH_FORMS],
  [
    "ipps",
    1,
    4,
    "unknown-service",
    "unknown service 'ipps'",
    "did you mean 'ipp'? otherwise write the port number, or add the name to '/etc/services'",
  ],
  [
    "\t Kerberos-Adm/tcp # kadmind",
    3,
    12,
    "unknown-service",
    "unknown service 'Kerberos-Adm'",
    "did you mean 'kerberos-adm'? otherwise write the port number, or add the name to '/etc/services'",
  ],
  ["*", 1, 1, "unknown-service", "unknown service '*'", "write the port number, or add the name to '/etc/services'"],
  ["631\u00a0", 4, 1, "strange-character", "invisible character: U+00A0", "remove it, or write a space"],
  ["63\u00001", 3, 1, "strange-character", "control character: U+0000", "remove it, or write a space"],
  ["\u001b[1m631", 1, 1, "strange-character", "control character: U+001B", "remove it, or write a space"],
  ["603\r604", 4, 1, "strange-character", "carriage return inside a line: U+000D", "end each line with a line feed"],
];

const INVISIBLE = [
  "\u200b",
  "\u2800",
  "\u3164",
  "\u115f",
  "\uffa0",
  "\u034f",
  "\ufe0f",
  "\u180b",
  "\u17b4",
  "\u{e0100}",
];

for (const character of INVISIBLE) {
  const code = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
  test(`rejects a name with ${code} in it as one with an invisible character, and passes over it in a comment`, () => {
    const configuration = configureText(`ipp${character} # ${character}\n700/tcp # ${character}`);
    expect(ports(configuration)).toEqual(["700/tcp"]);
    expect(configuration.diagnostics.map(({ message, place }) => [message, place?.column, place?.length])).toEqual([
      [`invisible character: ${code}`, 4, 1],
    ]);
  });
}

for (const [line, column, length, code, message, hint] of REJECTED) {
  test(`rejects ${JSON.stringify(line)} and keeps the lines around it`, () => {
    const place = { file: "/etc/portreserve/owner", line: 2, column, length, text: line };
    const configuration = configureText(`700/tcp\n${line}\n701/udp\n`);
    expect(ports(configuration)).toEqual(["700/tcp", "701/udp"]);
    expect(configuration.diagnostics).toEqual([{ severity: "error", code, message, hint, place }]);
  });
}

test("counts columns in characters, not in code units or bytes", () => {
  const text = "𝔦𝔭𝔭 𝔵";
  expect(configureText(text).diagnostics).toEqual([
    {
      severity: "error",
      code: "extra-word",
      message: "unexpected '𝔵' after '𝔦𝔭𝔭'",
      hint: COMMENT,
      place: { file: "/etc/portreserve/owner", line: 1, column: 5, length: 1, text },
    },
  ]);
});

test("shows the bytes that are not UTF-8, and where they are", () => {
  const bytes = Buffer.concat([
    Buffer.from("# gr\u00fc\u00dfe\n\u00fc"),
    Buffer.from([0xe9, 0xff, 0x78, 0x0a]),
    Buffer.from("700/tcp"),
  ]);
  const configuration = configureText(bytes);
  expect(ports(configuration)).toEqual(["700/tcp"]);
  expect(configuration.diagnostics).toEqual([
    {
      severity: "error",
      code: "not-utf8",
      message: "bytes that are not UTF-8: 0xe9 0xff",
      hint: "write the file in plain ASCII or UTF-8",
      place: { file: "/etc/portreserve/owner", line: 2, column: 2, length: 2, text: "ü\ufffd\ufffdx" },
    },
  ]);
});

test("finds the start of a cut-off sequence that begins like a replacement character", () => {
  const { diagnostics } = configureText(Buffer.from([0x61, 0xef, 0xbf, 0x62]));
  expect(diagnostics).toEqual([
    {
      severity: "error",
      code: "not-utf8",
      message: "bytes that are not UTF-8: 0xef 0xbf",
      hint: "write the file in plain ASCII or UTF-8",
      place: { file: "/etc/portreserve/owner", line: 1, column: 2, length: 1, text: "a\ufffdb" },
    },
  ]);
});

test("only notes strange bytes and control characters in a comment", () => {
  const bytes = Buffer.from("631/tcp # caf\xe9 \x07\n", "latin1");
  const configuration = configureText(bytes);
  const place = { file: "/etc/portreserve/owner", line: 1, text: "631/tcp # caf\ufffd \u0007", length: 1 };
  expect(ports(configuration)).toEqual(["631/tcp"]);
  expect(configuration.diagnostics).toEqual([
    {
      severity: "note",
      code: "not-utf8",
      message: "in a comment, bytes that are not UTF-8: 0xe9",
      hint: "write the file in plain ASCII or UTF-8",
      place: { ...place, column: 14 },
    },
    {
      severity: "note",
      code: "strange-character",
      message: "in a comment, control character: U+0007",
      hint: "remove it, or write a space",
      place: { ...place, column: 16 },
    },
  ]);
});

test("refuses a file in UTF-16 as a whole", () => {
  for (const bytes of [Buffer.from("\ufeff631\n", "utf16le"), Buffer.from("\ufeff631\n", "utf16le").swap16()]) {
    expect(configureText(bytes)).toEqual({
      reservations: [],
      diagnostics: [
        {
          severity: "error",
          code: "utf16",
          message: "text in UTF-16, so nothing of it takes effect",
          hint: "write the file in plain ASCII or UTF-8",
          file: "/etc/portreserve/owner",
        },
      ],
    });
  }
});

test("cuts a very long word in the message and keeps the whole line for the excerpt", () => {
  const text = "x".repeat(65536);
  const [diagnostic] = configureText(text).diagnostics;
  expect(diagnostic?.message).toBe(`unknown service '${"x".repeat(59)}…'`);
  expect(diagnostic?.place).toEqual({ file: "/etc/portreserve/owner", line: 1, column: 1, length: 65536, text });
});
