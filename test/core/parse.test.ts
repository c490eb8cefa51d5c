// What becomes of a command line before anything is done: verbs, options, help, and what each mistake is answered with.
import { describe, expect, test } from "vitest";
import { optionsFrom } from "../../src/cli/options.ts";
import { parse } from "../../src/cli/parse.ts";
import { verbs } from "../../src/cli/registry.ts";

const explains = (verb: string): string => `'portreservectl ${verb}' explains it`;

describe("a usage error says what helps", () => {
  test.each([
    [["frobnicate"], "unknown verb 'frobnicate'", explains("--help")],
    [["help", "frobnicate"], "unknown verb 'frobnicate'", explains("--help")],
    [["chek"], "unknown verb 'chek'", "did you mean 'check'?"],
    [["help", "instal"], "unknown verb 'instal'", "did you mean 'install'?"],
    [["help", "check", "extra"], "'help' does not take the argument 'extra'", explains("--help")],
    [["help", "--strict"], "unknown option '--strict'", explains("--help")],
    [["compile", "--stric"], "unknown option '--stric'", "did you mean --strict?"],
    [["list", "--force"], "unknown option '--force'", explains("help list")],
    [["--rot", "/", "check"], "unknown option '--rot'", "did you mean --root?"],
    [["check", "-x"], "unknown option '-x'", explains("help check")],
    [["check", "cups"], "'check' does not take the argument 'cups'", explains("help check")],
    [["check", "--", "--json"], "'check' does not take the argument '--json'", explains("help check")],
    [
      ["lookup"],
      "'lookup' needs an argument: portreservectl lookup [OPTION…] PORT[/PROTO] | NAME[/PROTO]",
      explains("help lookup"),
    ],
    [["check", "--root"], "option '--root <folder>' argument missing", explains("help check")],
    [["check", "--root", "--json"], "option '--root <folder>' argument missing", explains("help check")],
    [["install", "--unit", "--now"], "option '--unit <unit...>' argument missing", explains("help install")],
    [["install", "--unit", "a", "--", "c"], "'install' does not take the argument 'c'", explains("help install")],
    [["check", "--json=yes"], "option '--json' takes no value", explains("help check")],
    [["--json", "run", "true"], "'run' does not take --json", explains("help run")],
  ])("%j", (args, message, hint) => {
    expect(parse(args)).toMatchObject({ kind: "wrong", message, hint });
  });
});

test.each([
  [["compile", "extra", "--json"], true, "compile"],
  [["--json", "lookup"], true, "lookup"],
  [["frobnicate", "--json"], true, ""],
  [["--json", "frobnicate"], true, ""],
  [["--json"], true, ""],
  [["check", "--rooot", "--", "--json"], false, "check"],
  [["completion", "a", "b", "--json"], false, "completion"],
])("answers in JSON what was asked for in JSON, by a verb that can: %j", (args, json, command) => {
  expect(parse(args)).toMatchObject({ kind: "wrong", json, command });
});

describe("options", () => {
  const optionsOf = (...args: readonly string[]) => {
    const parsed = parse(args);
    if (parsed.kind !== "verb") throw new Error(JSON.stringify(parsed));
    return { options: optionsFrom(parsed.flags), args: parsed.args, verb: parsed.verb.name };
  };

  test("may stand before the verb, after it and between arguments; the last of two counts", () => {
    const expected = optionsOf("lookup", "631", "--root", "/b", "--json");
    expect(expected).toMatchObject({ verb: "lookup", args: ["631"], options: { root: "/b", json: true } });
    expect(optionsOf("--root", "/a", "--json", "lookup", "--root=/b", "631")).toEqual(expected);
    expect(optionsOf("--root=-b", "check").options.root).toBe("-b");
  });

  test("that take several words take all up to the next option", () => {
    const { options, args } = optionsOf("install", "--unit", "a", "b", "--now", "--unit=c");
    expect([options.units, options.now, args]).toEqual([["a", "b", "c"], true, []]);
  });

  test("of a command that is run are its own", () => {
    expect(optionsOf("run", "--", "true", "--json", "--", "-x").args).toEqual(["true", "--json", "--", "-x"]);
    expect(optionsOf("run", "true", "--help").args).toEqual(["true", "--help"]);
  });

  test("have these values where they are not given", () => {
    expect(optionsOf("check").options).toMatchObject({
      root: "/",
      wait: true,
      blacklist: true,
      json: false,
      units: [],
    });
    expect(optionsOf("compile", "--no-wait", "--no-blacklist").options).toMatchObject({
      wait: false,
      blacklist: false,
    });
  });
});

describe("help", () => {
  test.each(verbs.map(({ name }) => name))("for %s has a usage line, options, an example and exit codes", (name) => {
    const help = parse(["help", name]);
    expect(help.kind === "help" ? help.text : help).toMatch(
      new RegExp(`^usage: portreservectl ${name}[^]+\\noptions:\\n[^]+\\nexamples:\\n[^]+\\nexit codes:\\n`),
    );
    expect([parse([name, "--help"]), parse([name, "-h"]), parse(["--help", name])]).toEqual([help, help, help]);
  });

  test("is what a command line without a verb gets, and a version needs none", () => {
    expect([parse([]).kind, parse(["--no-color"]).kind, parse(["--help"]).kind]).toEqual([
      "nothing",
      "nothing",
      "help",
    ]);
    expect(parse(["--json", "--version"])).toEqual({ kind: "version" });
  });
});
