// The command line itself: help, usage errors, colour, streams, and portrelease.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { verbs } from "../../src/cli/registry.ts";
import { ctl, makeRoot, node, SERVICES } from "../support/cli.ts";
import { MAIN, NODE, PORTRELEASE } from "../support/stage/stage.ts";

const VERSION = (JSON.parse(readFileSync(path.resolve(MAIN, "../../package.json"), "utf8")) as { version: string })
  .version;
const FILES = { "etc/services": SERVICES, "etc/portreserve/cups": "ipps\n" };

describe("help", () => {
  test("is shown when there is no verb, and that is a usage error", () => {
    const { status, stdout, stderr } = ctl([]);
    expect({ status, stdout, same: stderr === ctl(["--help"]).stdout }).toEqual({ status: 2, stdout: "", same: true });
  });

  test("names every verb, option and exit code", () => {
    const { status, stdout, stderr } = ctl(["--help"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    for (const { name } of verbs) expect(stdout).toContain(`\n  ${name} `);
    for (const code of [0, 1, 2, 3, 4, 5, 69, 70, "126, 127"]) expect(stdout).toContain(`\n  ${code}  `);
    expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
  });

  test("explains a verb, by either name", () => {
    const { status, stdout, stderr } = ctl(["help", "check"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^usage: portreservectl check /);
    expect(ctl(["check", "--help"])).toEqual({ status, stdout, stderr });
    for (const name of ["help", "version"]) expect(ctl(["help", name])).toEqual(ctl(["--help"]));
  });
});

test("prints the version alone, and with other options", () => {
  const expected = { status: 0, stdout: `${VERSION}\n`, stderr: "" };
  for (const word of ["--version", "-V", "version"]) expect(ctl([word])).toEqual(expected);
  expect(ctl(["--json", "--version"])).toEqual(expected);
});

test("loads nothing but itself for --version", () => {
  const { stdout } = node(["--experimental-loader", `data:text/javascript,${LOADER}`, MAIN, "--version"]);
  const loaded = stdout.split("\n").filter((line) => line.startsWith("loaded file:"));
  expect(loaded).toEqual([`loaded file://${MAIN}`]);
});

const LOADER = encodeURIComponent(
  "import { writeSync } from 'node:fs'; export async function load(url, context, next) { writeSync(1, 'loaded ' + url + '\\n'); return next(url, context); }",
);

describe("usage errors exit 2 and say what helps", () => {
  test.each([
    [["compile", "--stric"], "unknown option '--stric'", "did you mean --strict?"],
    [["stauts"], "unknown verb 'stauts'", "did you mean 'status'?"],
    [["check", "--color=blue"], "'blue' is not a way to colour", "write --color=auto, always or never"],
    [["--color=blue", "check"], "'blue' is not a way to colour", "write --color=auto, always or never"],
    [["completion", "tcsh"], "no completion for 'tcsh'", "write bash, zsh or fish"],
    [["\u001b[31m"], "unknown verb '\\x1b[31m'", "'portreservectl --help' explains it"],
  ])("%j", (args, message, hint) => {
    expect(ctl(args)).toEqual({ status: 2, stdout: "", stderr: `portreservectl: error: ${message}\nhint: ${hint}\n` });
  });
});

test("takes global options before the verb and after it", () => {
  const root = makeRoot(FILES);
  const after = ctl(["check", "--root", root, "--json"]);
  expect(after.status).toBe(1);
  expect(ctl(["--root", root, "--json", "check"])).toEqual(after);
  expect(ctl(["--json", "check", `--root=${root}`])).toEqual(after);
});

test.each([
  [["check", "--json", "--rooot", "x"], "check", "unknown option '--rooot'", "did you mean --root?"],
  [["check", "--json", "--root", ""], "check", "'--root' names no folder", "write --root FOLDER"],
])("gives one JSON document for a usage error: %j", (args, command, message, hint) => {
  const { status, stdout, stderr } = ctl(args);
  expect({ status, stderr }).toEqual({ status: 2, stderr: "" });
  expect(JSON.parse(stdout)).toEqual({
    schemaVersion: 1,
    command,
    outcome: "usage",
    exitCode: 2,
    diagnostics: [],
    messages: [{ severity: "error", message, hint }],
  });
});

test("takes no notice of a --json that is meant for something else", () => {
  expect(ctl(["run", "--", "no-such-command", "--json"])).toMatchObject({ status: 127, stdout: "" });
});

test("gives one JSON document for an error too", () => {
  const { status, stdout, stderr } = ctl(["check", "--json", "--root", makeRoot({})]);
  expect({ status, stderr }).toEqual({ status: 3, stderr: "" });
  expect(JSON.parse(stdout)).toMatchObject({
    schemaVersion: 1,
    command: "check",
    outcome: "incomplete",
    exitCode: 3,
    diagnostics: [],
    messages: [{ severity: "error", message: "there is no folder '/etc/portreserve', so there is nothing to read" }],
  });
});

describe("colour", () => {
  const onTerminal = (args: readonly string[], env: Readonly<Record<string, string>>): string =>
    spawnSync("script", ["-qec", [NODE, MAIN, ...args].join(" "), "/dev/null"], {
      encoding: "utf8",
      env: { PATH: process.env.PATH, TERM: "xterm", ...env },
    }).stdout;

  test("is used on a terminal, and not against NO_COLOR, --no-color, a dumb terminal or into a pipe", () => {
    const root = makeRoot(FILES);
    const args = ["check", "--root", root];
    const csi = "\u001b[";
    expect(onTerminal(args, {})).toContain(`${csi}31merror:${csi}39m`);
    expect(onTerminal(args, { NO_COLOR: "1" })).not.toContain(csi);
    expect(onTerminal([...args, "--no-color"], {})).not.toContain(csi);
    expect(onTerminal(["--no-color", ...args], {})).not.toContain(csi);
    expect(onTerminal(args, { TERM: "dumb" })).not.toContain(csi);
    expect(ctl(args).stderr).not.toContain(csi);
  });

  test("is what --color and FORCE_COLOR say, the option before the environment", () => {
    const args = ["check", "--root", makeRoot(FILES)];
    const colors = (more: readonly string[], env: Readonly<Record<string, string>> = {}): boolean =>
      ctl([...args, ...more], { env }).stderr.includes("\u001b[31merror:");
    expect(colors(["--color", "always"])).toBe(true);
    expect(colors(["--color=always"], { NO_COLOR: "1" })).toBe(true);
    expect(colors([], { FORCE_COLOR: "1" })).toBe(true);
    expect(colors([], { FORCE_COLOR: "1", NO_COLOR: "1" })).toBe(false);
    expect(colors([], { FORCE_COLOR: "0" })).toBe(false);
    expect(colors(["--color=never"], { FORCE_COLOR: "1" })).toBe(false);
    expect(colors(["--color=auto"], { FORCE_COLOR: "1" })).toBe(true);
    expect(onTerminal([...args, "--color=never"], {})).not.toContain("\u001b[");
  });
});

describe("symbols", () => {
  const args = ["lookup", "--help"];
  const text = (env: Readonly<Record<string, string>>): string => ctl(args, { env }).stdout;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what is beyond ASCII is looked for
  const BEYOND = /[^\x00-\x7f]/;

  test.each([
    [{ LC_ALL: "C" }, false],
    [{ LC_ALL: "", LC_CTYPE: "POSIX" }, false],
    [{ LC_ALL: "", LANG: "de_DE.ISO-8859-1" }, false],
    [{ LC_ALL: "C.UTF-8" }, true],
    [{ LC_ALL: "", LANG: "de_DE.utf8" }, true],
    [{ LC_ALL: "" }, true],
  ])("with %j are beyond ASCII: %s", (env, beyond) => {
    expect(BEYOND.test(text(env))).toBe(beyond);
  });
});

test("a bug exits 70 and says what to report", () => {
  const root = makeRoot(FILES);
  const fault = encodeURIComponent(
    "import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module'; fs.readdirSync = () => { throw new TypeError('injected') }; syncBuiltinESMExports();",
  );
  const { status, stdout, stderr } = ctl(["check", "--root", root], {
    env: { NODE_OPTIONS: `--import=data:text/javascript,${fault}` },
  });
  const lines = stderr.split("\n");
  expect({ status, stdout, head: lines.slice(0, 4), last: lines.at(-2) }).toEqual({
    status: 70,
    stdout: "",
    head: [
      "portreservectl: error: this is a bug in portreservectl, not in your configuration",
      `version: ${VERSION}, node ${node(["--version"]).stdout.trim()}, ${process.platform} ${process.arch}`,
      `arguments: ["check","--root","${root}"]`,
      "TypeError: injected",
    ],
    last: "hint: report these lines, together with the files of /etc/portreserve",
  });
});

describe("portrelease", () => {
  test.each([[[]], [["cups"]], [["*"]], [["xhad", "2&>1"]], [["no-such-service", "--strange", ""]]])(
    "exits 0 in silence for %j",
    (args) => {
      expect(node([PORTRELEASE, ...args])).toEqual({ status: 0, stdout: "", stderr: "" });
    },
  );

  test("says why there is nothing to do with --verbose", () => {
    expect(node([PORTRELEASE, "--verbose", "cups"])).toEqual({
      status: 0,
      stdout:
        "portrelease: nothing to release: no reserved port is kept from its owner, so a service can bind its port at any time\n",
      stderr: "",
    });
  });

  test("exits 0 even with all of its streams closed", () => {
    const { status } = spawnSync("sh", ["-c", 'exec "$@" <&- >&- 2>&-', "sh", NODE, PORTRELEASE, "--verbose"]);
    expect(status).toBe(0);
  });
});
