// The answers about the protection itself.
import { expect, test } from "vitest";
import { assess } from "../../src/coverage/assess.ts";
import type { SetupFacts } from "../../src/coverage/facts.ts";
import { type Change, CLOSED_LIST, cupsd, facts, listed, REFUSED, unit } from "./coverage-facts.ts";

const TABLE = facts().setup.table;

function answers(change: Change): string[] {
  return assess(facts(change)).answers.map(
    ({ id, state, answer, hint }) => `${id} ${state}: ${answer}${hint === undefined ? "" : ` → ${hint}`}`,
  );
}

test("answers every question of a host in order", () => {
  expect(answers({})).toEqual([
    "table good: generation 4",
    "fresh good: fresh",
    "readable good: yes",
    "preload good: into every program, by the preload list",
    "library-x86_64 good: yes",
    "watchers good: by portreserve.path",
    "manager good: 0.4.0",
  ]);
});

const table = (change: Partial<SetupFacts["table"]>): Partial<SetupFacts> => ({ table: { ...TABLE, ...change } });
const library = (state: SetupFacts["libraries"][number]["state"]): Partial<SetupFacts> => ({
  libraries: [{ abi: "i386", path: "/usr/lib/x", state, key: undefined, marker: undefined }],
});
const NOT_LISTED: Partial<SetupFacts> = { list: { namesShim: false, since: undefined } };

test.each<[string, Partial<SetupFacts>, string, "covered" | "not covered" | "unknown"]>([
  ["no table", table({ state: "missing" }), "table bad: there is none → portreservectl compile", "not covered"],
  [
    "a damaged table",
    table({ state: "damaged", reason: "is too short" }),
    "table bad: the table is too short → portreservectl compile",
    "not covered",
  ],
  [
    "a foreign table",
    table({ state: "foreign", reason: "is a folder" }),
    "table bad: the table is a folder",
    "not covered",
  ],
  [
    "a compile that was cut short",
    table({ retired: true }),
    "table good: generation 4, and a compile was cut short → portreservectl compile",
    "covered",
  ],
  [
    "a stale table",
    table({ state: "stale" }),
    "fresh bad: the configuration has changed since it was compiled → portreservectl compile",
    "not covered",
  ],
  [
    "a configuration that cannot be read",
    table({ state: "valid" }),
    "fresh unknown: the configuration cannot be read → run it as root",
    "unknown",
  ],
  [
    "a table for root alone",
    table({ readableByAll: false }),
    "readable bad: its mode or its owner is not right → portreservectl compile",
    "not covered",
  ],
  ["a right label", table({ label: { found: "a", wanted: "a" } }), "label good: a", "covered"],
  [
    "a wrong label",
    table({ label: { found: "a", wanted: "b" } }),
    "label bad: it is 'a' instead of 'b' → portreservectl compile",
    "not covered",
  ],
  ["no install", NOT_LISTED, "preload bad: not installed → portreservectl install", "not covered"],
  [
    "a list that cannot be seen",
    { list: REFUSED },
    "preload unknown: cannot be seen: permission denied → run it as root",
    "unknown",
  ],
  [
    "a list for root alone",
    CLOSED_LIST.setup ?? {},
    "usable bad: only some users may use '/etc/ld.so.preload' → portreservectl install",
    "not covered",
  ],
  [
    "a library before the shim in the list",
    listed("wrapper", true).setup ?? {},
    "list bad: '/opt/libsocks.so' stands before the shim and has allocators of its own → move '/opt/libsocks.so' below the shim's line in /etc/ld.so.preload",
    "not covered",
  ],
  [
    "one behind it whose other functions may call its own",
    listed("socks", false).setup ?? {},
    "list unknown: '/opt/libsocks.so' has allocators of its own, which its other functions may call → take it out of the list, or use a build without it",
    "unknown",
  ],
  [
    "one that cannot be read",
    listed("hole", false).setup ?? {},
    "list unknown: what '/opt/secret.so' defines cannot be seen: permission denied → run it as root",
    "unknown",
  ],
  [
    "another library",
    library("differs"),
    "library-i386 bad: it is another one → portreservectl install",
    "not covered",
  ],
  [
    "a missing library",
    library("missing"),
    "library-i386 bad: it is not installed → portreservectl install",
    "not covered",
  ],
  [
    "a library that cannot be seen",
    library(REFUSED),
    "library-i386 unknown: cannot be seen: permission denied → run it as root",
    "unknown",
  ],
  [
    "no watchers",
    { watchers: [] },
    "watchers bad: no unit watches the configuration → portreservectl install",
    "not covered",
  ],
  [
    "no systemd, whatever units are on the disk",
    {
      watchers: [{ unit: "portreserve.path", activeState: "not loaded" }],
      unwatched: "systemd does not run here",
    },
    "watchers good: the table follows only by hand or by cron: systemd does not run here → portreservectl compile",
    "covered",
  ],
  [
    "a table that is behind where nothing can watch",
    { ...table({ state: "stale" }), watchers: [], unwatched: "there is no node" },
    "fresh bad: the configuration has changed since it was compiled → portreservectl compile",
    "not covered",
  ],
  [
    "a watcher that failed",
    { watchers: [{ unit: "portreserve.path", activeState: "failed" }] },
    "watchers bad: portreserve.path is failed → systemctl restart portreserve.path",
    "not covered",
  ],
  [
    "watchers that cannot be seen",
    { watchers: REFUSED },
    "watchers unknown: cannot be seen: permission denied → run it as root",
    "unknown",
  ],
  [
    "another manager",
    { manager: { installed: "0.3.0", own: "0.4.0" } },
    "manager bad: 0.3.0 is installed, and this is 0.4.0 → portreservectl install",
    "not covered",
  ],
  [
    "a manager that cannot be seen",
    { manager: { installed: REFUSED, own: "0.4.0" } },
    "manager unknown: cannot be seen: permission denied → run it as root",
    "unknown",
  ],
])("answers for %s", (_, setup, expected, verdict) => {
  const change: Change = { setup, processes: [cupsd] };
  expect(answers(change)).toContain(expected);
  expect(assess(facts(change)).verdict).toBe(verdict);
});

test("names the units of an install by drop-ins, and does not ask what keeps a table fresh that is not there", () => {
  const units = ["a", "b", "c"].map((name) => unit(`${name}.service`, { hasDropIn: name !== "b" }));
  expect(answers({ setup: NOT_LISTED, units })).toContain(
    "preload good: only into a.service and c.service, by drop-ins",
  );
  expect(answers({ setup: NOT_LISTED, units: REFUSED })).toContain(
    "preload unknown: cannot be seen: permission denied → run it as root",
  );
  expect(
    answers({
      setup: {
        ...table({ state: "missing" }),
        watchers: [],
        unwatched: "systemd does not run here",
        manager: { installed: undefined, own: "1" },
      },
      units: [],
    }),
  ).not.toContainEqual(expect.stringMatching(/^(watchers|manager)/));
});
