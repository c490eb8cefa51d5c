// Lines as long as a file may be: each is answered as its short relative is. A quadratic search takes seconds for one.
import { expect, test } from "vitest";
import { configure } from "../../src/core/config/configure.ts";
import { OWNER_FILE_LIMIT } from "../../src/core/config/owner-file.ts";
import { nearest, suggester } from "../../src/core/config/suggest.ts";
import { escapeText } from "../../src/report/escape.ts";
import { excerpt } from "../../src/report/excerpt.ts";
import { blacklistFile, configureText, inputs, ports } from "./inputs.ts";

const N = OWNER_FILE_LIMIT - 16;
const SPACES = " ".repeat(N);
const TABS = " \t".repeat(N / 2);

/** A line with a long run in it, and the code of the error; none for a line that is fine. */
const LINES: [what: string, text: string, code: string | undefined][] = [
  ["spaces before", `${SPACES}631`, undefined],
  ["spaces after", `631${SPACES}`, undefined],
  ["spaces on both sides", `${" ".repeat(N / 2)}631${"\t".repeat(N / 2)}# x`, undefined],
  ["nothing but spaces and a comment", `${TABS}#`, undefined],
  ["spaces between two words", `a${SPACES}b`, "extra-word"],
  ["spaces inside an entry", `608 -${SPACES}610`, "spaces-inside"],
  ["spaces around a strange character", `${" ".repeat(N / 2)}\u0001${" ".repeat(N / 2)}`, "strange-character"],
  ["very many words", "a ".repeat(N / 2), "extra-word"],
  ["very many torn words", "- ".repeat(N / 2), "extra-word"],
  ["a carriage return in front of spaces", `\r${SPACES}`, "strange-character"],
  ["digits", "6".repeat(N), "port-too-high"],
  ["zeros", "0".repeat(N), "port-zero"],
  ["digits and a letter", `${"6".repeat(N)}x`, "malformed-number"],
  ["a range of digits", `${"6".repeat(N / 2)}-${"6".repeat(N / 2)}`, "port-too-high"],
  ["a range of digits that is none", `${"1".repeat(N / 2)}-${"1".repeat(N / 2)}x`, "malformed-number"],
  ["a range with another mark", `${"1".repeat(N / 2)}..${"1".repeat(N / 2)}x`, "malformed-number"],
  ["a negative number", `-${"6".repeat(N)}`, "negative-number"],
  ["a hexadecimal number", `0x${"f".repeat(N)}`, "hexadecimal-number"],
  ["a hexadecimal number that is none", `0x${"f".repeat(N)}g`, "malformed-number"],
  ["a list", "1,".repeat(N / 2), "list-of-ports"],
  ["a list that is none", `${"11,".repeat(N / 3)}x`, "malformed-number"],
  ["marks after a number", `1${"!".repeat(N)}`, "malformed-number"],
  ["marks and a letter after a number", `1${"!".repeat(N)}x`, "malformed-number"],
  ["slashes", "/".repeat(N), "missing-port"],
  ["slashes after a port", `631${"/".repeat(N)}`, "second-slash"],
  ["a long protocol", `631/${"t".repeat(N)}`, "unknown-protocol"],
  ["a long number for a protocol", `tcp/${"6".repeat(N)}`, "unknown-protocol"],
  ["a long name", "x".repeat(N), "unknown-service"],
];

for (const [what, text, code] of LINES) {
  test(`judges a line with ${what} as a short one`, { timeout: 20_000 }, () => {
    const { diagnostics, reservations } = configureText(`${text}\n`);
    expect(diagnostics.map((one) => one.code)).toEqual(code === undefined ? [] : [code]);
    expect(reservations.length).toBe(text.includes("631") && code === undefined ? 2 : 0);
    for (const { message, hint = "", place } of diagnostics) {
      expect(message.length + hint.length).toBeLessThan(400);
      expect(place).toBeDefined();
      if (place !== undefined) expect(excerpt(place).text.length).toBeLessThanOrEqual(200);
    }
  });
}

test("places the second of two words behind very many spaces", { timeout: 20_000 }, () => {
  const [diagnostic] = configureText(`  a${SPACES}b`).diagnostics;
  expect(diagnostic?.message).toBe("unexpected 'b' after 'a'");
  expect([diagnostic?.place?.column, diagnostic?.place?.length]).toEqual([N + 4, 1]);
});

const BLACK: [what: string, text: string, reserved: boolean, diagnostics: number][] = [
  ["spaces before", `${SPACES}631`, true, 0],
  ["spaces after", `631${"\v\f\r\t ".repeat(N / 5)}`, true, 0],
  ["nothing but spaces", TABS, false, 0],
  ["spaces between two words", `631${SPACES}x`, false, 1],
  ["very many words", "6 ".repeat(N / 2), false, 1],
  ["digits", "6".repeat(N), false, 1],
  ["octal digits", `0${"7".repeat(N)}`, false, 1],
  ["hexadecimal digits", `0x${"f".repeat(N)}`, false, 1],
  ["digits and a letter", `${"6".repeat(N)}x`, false, 1],
];

for (const [what, text, reserved, diagnostics] of BLACK) {
  test(`judges a line of the blacklist with ${what} as a short one`, { timeout: 20_000 }, () => {
    const configuration = configure(inputs({ blacklist: blacklistFile(text) }));
    expect(ports(configuration)).toEqual(reserved ? ["631/tcp", "631/udp"] : []);
    expect(configuration.diagnostics.length).toBe(diagnostics);
    expect(configuration.diagnostics.every(({ message }) => message.length < 400)).toBe(true);
  });
}

test("reads names from a services file of one endless line and of endless spaces", { timeout: 20_000 }, () => {
  const bytes = Buffer.from(`${"a ".repeat(200_000)}\n${" ".repeat(400_000)}odd${" ".repeat(400_000)}700/tcp\n`);
  expect(ports(configureText("odd/tcp", { path: "/etc/services", bytes }))).toEqual(["700/tcp"]);
});

test("suggests nothing for a name that is longer than any service's", { timeout: 20_000 }, () => {
  const near = (length: number) => suggester(["x".repeat(length)])("x".repeat(length + 1));
  expect(nearest("x".repeat(65), ["x".repeat(64)])).toBe("x".repeat(64));
  expect([near(63)?.length, near(64), near(N)]).toEqual([63, undefined, undefined]);
});

test("escapes a long text", { timeout: 20_000 }, () => {
  expect(escapeText(`${SPACES}\n`)).toBe(`${SPACES}\\n`);
  expect(escapeText("\u2800".repeat(N)).length).toBe(8 * N);
});
