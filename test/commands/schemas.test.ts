// The documents of every verb that takes --json are as their schemas say: done, failed, refused and not understood.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { packageRoot } from "../../src/core/native.ts";
import { named } from "../support/can.ts";
import { asNobody, ctl, makeRoot } from "../support/cli.ts";
import { noHost, onHost } from "../support/host.ts";
import { schemaFaults } from "../support/schema.ts";

/** The script for fish says all of it, each thing on a line of its own. */
const script = ctl(["completion", "fish"]).stdout;
const verbs = [...script.matchAll(/__fish_use_subcommand -a (\w+) -d/g)].map(([, verb = ""]) => verb);
const withJson = verbs.filter((verb) => script.includes(`'__fish_seen_subcommand_from ${verb}' -l json `));

const folder = path.join(packageRoot, "docs/schema");

test("every verb that takes --json has a schema, and no other", () => {
  expect(verbs.length).toBeGreaterThan(15);
  expect(verbs.filter((verb) => !withJson.includes(verb))).toEqual(["run", "completion"]);
  expect(readdirSync(folder).sort()).toEqual(withJson.map((verb) => `${verb}.schema.json`).sort());
});

test("what is named alike is of one type in all of them", () => {
  const found = new Map<string, Set<string>>();
  for (const file of readdirSync(folder)) {
    JSON.parse(readFileSync(path.join(folder, file), "utf8"), (key, value) => {
      if (["generation", "exitCode", "dryRun", "pid", "protocol"].includes(key) && value.description !== undefined)
        found.set(key, (found.get(key) ?? new Set()).add(JSON.stringify(value.type ?? value.enum)));
      return value;
    });
  }
  expect(Object.fromEntries([...found].map(([key, types]) => [key, [...types].sort()]))).toEqual({
    generation: ['["string","null"]'],
    exitCode: ['"integer"'],
    dryRun: ['"boolean"'],
    pid: ['"integer"', '["integer","null"]'],
    protocol: ['["tcp","udp"]'],
  });
});

test("a usage error is a document, of every verb the same but for its name", () => {
  const wrong = JSON.parse(ctl(["check", "--json", "--no-such"]).stdout);
  expect({ code: wrong.exitCode, faults: schemaFaults("check", wrong) }).toEqual({ code: 2, faults: [] });
  for (const verb of withJson) {
    const document = { ...wrong, command: verb };
    expect([verb, schemaFaults(verb, document)]).toEqual([verb, []]);
    expect(schemaFaults(verb, { ...document, more: 1 })).toEqual([" must NOT have additional properties"]);
    expect(schemaFaults(verb, { ...document, command: "other" })).not.toEqual([]);
  }
});

const WORDS: Readonly<Record<string, readonly string[]>> = {
  reserve: ["cups", "631"],
  unreserve: ["cups"],
  hold: ["631"],
  unhold: ["631"],
  reclaim: ["631"],
  mechanisms: ["apply", "nfs-range"],
};

test.each(["compile", "uninstall", "migrate", ...Object.keys(WORDS)])("a missing right is one too: %s", (verb) => {
  const { status, stdout } = ctl([verb, ...(WORDS[verb] ?? []), "--json"], { under: asNobody });
  const document = JSON.parse(stdout);
  const found = { status, code: document.exitCode, faults: schemaFaults(verb, document) };
  expect(found).toEqual({ status: 4, code: 4, faults: [] });
});

test("of an image: rejected lines, a table that would be too full, and one that is no file", () => {
  const full = makeRoot({ "etc/portreserve/all": "600-1023\n" });
  const bad = makeRoot({ "etc/portreserve/cups": "63x\n631 hold\n", "etc/portreserve.table/": "" });
  for (const [root, verb, code] of [
    [full, "check", 1],
    [full, "compile", 5],
    [bad, "check", 1],
    [bad, "compile", 5],
    [bad, "install", 5],
    [full, "uninstall", 0],
  ] as const) {
    const document = JSON.parse(ctl([verb, "--root", root, "--json"]).stdout);
    expect([verb, document.exitCode, schemaFaults(verb, document)]).toEqual([verb, code, []]);
  }
});

const CALLS = [
  "check",
  "reserve mail 993",
  "reserve nosuch.service",
  "unreserve mail",
  "compile --dry-run",
  "compile",
  "export /root/archive.tar.gz",
  "hold 631 --unchecked --dry-run",
  "unhold 631 --dry-run",
  "reclaim 631 --dry-run",
  "install --dry-run",
  "install",
  "mechanisms apply ephemeral --dry-run",
  "migrate --dry-run",
  "list",
  "lookup 631",
  "map",
  "status",
  "verify --quick",
  "demo",
  "uninstall --dry-run",
  "uninstall",
];

const reason = await noHost();
describe.skipIf(reason !== undefined)(named("on a host", reason), () => {
  test("every verb writes what its schema says", async () => {
    const step = await onHost(CALLS.map((call, at) => `step ${at} ctl ${call} --json`).join("\n"));
    for (const [at, call] of CALLS.entries()) {
      const [verb = ""] = call.split(" ");
      const { status, stdout, stderr } = step(String(at));
      const document = JSON.parse(stdout);
      const found = { stderr, code: document.exitCode, faults: schemaFaults(verb, document) };
      expect([call, found]).toEqual([call, { stderr: "", code: status, faults: [] }]);
    }
    expect([...new Set(CALLS.map((call) => call.split(" ")[0]))].sort()).toEqual([...withJson].sort());
  });
});
