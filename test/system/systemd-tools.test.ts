// The names and environment files that systemd accepts, against its own tools.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseEnvironmentFile } from "../../src/core/systemd/environment-file.ts";
import { unitName } from "../../src/core/systemd/unit-name.ts";
import { named, skipReason } from "../support/can.ts";
import { inFolder } from "./systemd-dump.ts";

const noEscape = skipReason({ program: "systemd-escape", package: "systemd" });

test.skipIf(noEscape !== undefined)(named("accepts the names that systemd accepts", noEscape), () => {
  const long = (length: number): string => `${"a".repeat(length - ".service".length)}.service`;
  const texts = [
    "a",
    "a.b",
    "a@",
    "a@b",
    "a@b@c",
    "@",
    "@b",
    "",
    ".",
    "a b",
    "ä",
    "a:b-c_d\\x2d",
    "a%",
    "a*",
    "a\n",
    long(255),
    long(256),
  ];
  const accepted = (name: string): boolean => {
    const { stderr } = spawnSync("systemd-escape", ["--instance", "--unescape", "--", name], {
      encoding: "utf8",
      env: { ...process.env, LC_ALL: "C" },
    });
    return !stderr.includes("Invalid argument");
  };
  const verdicts = texts.map((text) => {
    const name = unitName(text);
    return [text, "unit" in name, accepted(text.endsWith(".service") ? text : `${text}.service`)] as const;
  });
  expect(verdicts.filter(([, mine, theirs]) => mine !== theirs)).toEqual([]);
  expect(new Set(verdicts.map(([, , theirs]) => theirs))).toEqual(new Set([true, false]));
});

const GENERATOR = "/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator";
const noGenerator = existsSync(GENERATOR) ? undefined : skipReason({ program: GENERATOR, package: "systemd" });

describe.skipIf(noGenerator !== undefined)(named("reads environment files as systemd does", noGenerator), () => {
  /** The generator has systemd's parser for EnvironmentFile=, but it also expands `$` and drops empty values. */
  function theirs(text: string): string[] {
    return inFolder({ "environment.d/x.conf": text }, (folder) => {
      const { stdout, status } = spawnSync(GENERATOR, {
        encoding: "utf8",
        env: { XDG_CONFIG_HOME: folder, HOME: path.join(folder, "none"), LC_ALL: "C" },
      });
      expect(status).toBe(0);
      return stdout.split("\n").filter((line) => /^[AB]\w*=/.test(line));
    });
  }

  /** In the generator's own quotes, which are those of 'systemctl show' around the value alone. */
  function mine(text: string): string[] {
    return parseEnvironmentFile(text)
      .filter(({ name, value }) => /^[AB]/.test(name) && value !== "")
      .map(({ name, value }) => `${name}=${quoted(value)}`);
  }

  function quoted(value: string): string {
    if (!/[\s"\\`$*?['()<>|&;!]/.test(value)) return value;
    return `"${value
      .replace(/["\\`$]/g, "\\$&")
      .replaceAll("\n", "\\n")
      .replaceAll("\t", "\\t")
      .replaceAll("\r", "\\r")}"`;
  }

  test.each([
    ["plain lines, blanks and comments", "A=1\n\n # c\n;B=x\n  A2 = b  c \nB=\n"],
    ["quotes", "A='x y'\nA2=\"x \\\"y\\\" \\\\ \\z\"\nB= 'it''s' \"two\" three 'not quoted'\n"],
    ["values over several lines", "A='one\ntwo'\nB=\"one\\\ntwo\nthree\"\nA2=one\\\ntwo\n"],
    ["escapes without quotes", 'A=a\\ b\\\\c\\ \nB=\\"x\\"\n'],
    ["lines without '='", "A\nB=1\nA2 x\n"],
    ["no line feed at the end", "A=1\nB=2"],
    ["quotes that never end", "A=1\nB='x\nA2=3\n"],
    ["the last of several values", "A=1\nB=2\nA=3\n"],
    ["carriage returns", "A=1\r\nB=2 \r\n"],
    ["'export' as part of the name", "export A=1\nB=2\n"],
  ])("%s", (_, text) => {
    expect(mine(text).toSorted()).toEqual(theirs(text).toSorted());
  });

  test("a hundred random texts", () => {
    const pieces = [..."AB=\n \t\"'\\#;\r", "A=", "B=", "x", "\\\n", "A_B='"];
    const text = fc.array(fc.constantFrom(...pieces), { maxLength: 25 }).map((parts) => `A=${parts.join("")}`);
    // Before version 254, a backslash at the end of a comment takes the next line into it; and the generator drops empty values.
    const samples = fc
      .sample(text, { numRuns: 100, seed: 631 })
      .filter((sample) => !/[#;].*\\[\n\r]/.test(sample))
      .filter((sample) => parseEnvironmentFile(sample).every(({ value }) => value !== ""));
    const different = samples.filter(
      (sample) => mine(sample).toSorted().join("\n") !== theirs(sample).toSorted().join("\n"),
    );
    expect(different.map((sample) => [sample, mine(sample), theirs(sample)])).toEqual([]);
    expect(samples.filter((sample) => mine(sample).length > 0).length).toBeGreaterThan(50);
  });
});
