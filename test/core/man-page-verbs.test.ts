// portreservectl(8) against the program: each verb with the options of its help, each option once and in order.
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { OPTION_TEXTS } from "../../src/cli/options.ts";
import { verbs } from "../../src/cli/registry.ts";

const PAGE = readFileSync(path.resolve(import.meta.dirname, "../../docs/portreservectl.8"), "utf8");
const between = (from: string, to: string): string => PAGE.slice(PAGE.indexOf(from), PAGE.indexOf(to));

/** "--json" of each `Fl -json`; "-json" behind a bar without `Fl`, which is how it would be shown. */
const flags = (text: string): readonly string[] =>
  [...text.matchAll(/(Fl|\|) (-[a-z-]+)/g)].map(([, macro, name = ""]) => (macro === "Fl" ? `-${name}` : name));

/** What the synopsis has of each verb, of all of its lines. */
const SYNOPSIS = new Map<string, Set<string>>();
for (const block of between(".Sh SYNOPSIS", ".Sh DESCRIPTION")
  .split(/^\.Nm\n/m)
  .slice(1)) {
  const [, verb = ""] = /^\.Cm ([a-z]+)/.exec(block) ?? [];
  const known = SYNOPSIS.get(verb) ?? new Set();
  for (const flag of flags(block)) known.add(flag);
  // As -t, which stands for it.
  if (block.includes("Op Fl t Ar seconds")) known.add("--timeout");
  SYNOPSIS.set(verb, known);
}

const long = (flag: string): string => flag.replace(/ .*/, "");

describe("the synopsis", () => {
  test("has every verb", () => {
    expect([...SYNOPSIS.keys()].sort()).toEqual([...verbs.map(({ name }) => name), "help"].sort());
  });

  test.each(verbs)("of $name has the options of its help", ({ name, options }) => {
    const asked = options.map((option) => long(OPTION_TEXTS[option].flag));
    expect([...(SYNOPSIS.get(name) ?? [])].sort()).toEqual([...new Set(asked)].sort());
  });
});

test("every option is described once, in the order of the alphabet", () => {
  const items = [...between(".Ss Options", ".Ss Reclaiming").matchAll(/^\.It Fl .*?-([a-z-]+)/gm)];
  const described = items.map(([, name = ""]) => `--${name}`);
  expect(described).toEqual([...described].sort());
  const all = Object.values(OPTION_TEXTS).map(({ flag }) => long(flag));
  expect(described).toEqual([...new Set([...all, "--help", "--version"])].sort());
});

test("a dash that is lost is seen", () => {
  expect(flags(".Op Fl -json | -prometheus | Fl -output Ar file")).toEqual(["--json", "-prometheus", "--output"]);
});
