// The verdict on an allocator that has the shim, by the table that it finds and the one that it has mapped.
import { expect, test } from "vitest";
import type { ProcessFacts } from "../../src/coverage/facts.ts";
import { type Change, facts, process, REFUSED } from "./coverage-facts.ts";
import { on } from "./coverage-verdicts.ts";

const TABLE = facts().setup.table;
const RESTART = "systemctl restart ypbind.service";
const ELSEWHERE = "in another root (container, chroot)";

test.each<[string, ProcessFacts, string, Change?]>([
  [
    "a library for another table",
    process({ objects: ["ypbind", "libc", "shim2"] }),
    `not covered (library): its library (2.0.0) does not know the table's version → ${RESTART}`,
  ],
  [
    "a library in its own root, with the host's table",
    process({ root: "other", objects: ["ypbind", "libc", "oldShim"] }),
    "covered (covered)",
  ],
  [
    "a table of its own root that reserves the same",
    process({ root: "other", table: "alike", mappedTable: { current: false, retired: false, alike: true } }),
    "covered (covered)",
  ],
  [
    "one that it has not read yet",
    process({ root: "other", table: "alike", mappedTable: undefined }),
    "covered (covered)",
  ],
  [
    "an old one, which it looks away from to one that reserves the same",
    process({ root: "other", table: "alike", mappedTable: { current: false, retired: true } }),
    "covered (covered)",
  ],
  [
    "an old one, which was not retired",
    process({ root: "other", table: "alike", mappedTable: { current: false, retired: false } }),
    `not covered (table): goes on with a table that was replaced by hand → ${RESTART}`,
  ],
  [
    "the one in force, which it has not read since it was changed in its place",
    process({ mappedTable: { current: true, retired: false, unread: true } }),
    `not covered (table): goes by what was reserved before the table that it has mapped → ${RESTART}`,
  ],
  [
    "one that reserves the same, behind a filter that it has not come through yet",
    process({ mounts: "other", table: "alike", mappedTable: undefined, seccomp: "filter" }),
    "unknown (table): its seccomp filter may keep it from the table, which it has not read yet → look again after it has taken a port",
  ],
  [
    "one of the host's that reserves the same, and was replaced by hand (control)",
    process({ mappedTable: { current: false, retired: false, alike: true } }),
    `not covered (table): goes on with a table that was replaced by hand → ${RESTART}`,
  ],
  [
    "a shim in another root without a table",
    process({ root: "other", table: "none" }),
    `not covered (table): ${ELSEWHERE}, which has no table → install in that root too`,
  ],
  [
    "a shim in another root with its own table",
    process({ mounts: "other", root: "other", table: "other" }),
    `not covered (table): ${ELSEWHERE}, which has another table → install in that root too, with this host's reservations`,
  ],
  [
    "a shim whose unit binds something over the table",
    process({ mounts: "other", table: "other" }),
    "not covered (table): finds another table in the table's place → see what its unit hides or binds with 'systemctl cat'",
  ],
  [
    "a table that cannot be seen",
    process({ table: REFUSED }),
    "unknown (table): which table it finds cannot be seen: permission denied → run it as root",
  ],
  [
    "a mapping that cannot be seen",
    process({ mappedTable: REFUSED }),
    "unknown (table): the table that it has mapped cannot be seen: permission denied → run it as root",
  ],
  [
    "a table replaced by hand",
    process({ mappedTable: { current: false, retired: false } }),
    `not covered (table): goes on with a table that was replaced by hand → ${RESTART}`,
  ],
  ["a retired table", process({ mappedTable: { current: false, retired: true } }), "covered (covered)"],
  [
    "a table for root alone",
    process({ uid: 33, mappedTable: undefined }),
    "unknown (table): not every program may read the table → portreservectl compile",
    { setup: { table: { ...TABLE, readableByAll: false } } },
  ],
  [
    "a domain and a table with a wrong label",
    process({ domain: "ypbind_t", mappedTable: undefined }),
    "unknown (table): the table has a label that its domain may not read → portreservectl compile",
    { setup: { table: { ...TABLE, label: { found: "etc_runtime_t", wanted: "ld_so_cache_t" } } } },
  ],
  [
    "a seccomp filter before the table was read",
    process({ seccomp: "filter", mappedTable: undefined }),
    "unknown (table): its seccomp filter may keep it from the table, which it has not read yet → look again after it has taken a port",
  ],
  [
    "no new privileges, before the table was read",
    process({ noNewPrivs: true, mappedTable: undefined }),
    "unknown (table): it has no_new_privs, and Landlock may keep it from the table, which it has not read yet → look again after it has taken a port",
  ],
  ["the same, after it was read (control)", process({ noNewPrivs: true }), "covered (covered)"],
  [
    "the same with a kernel that has no Landlock (control)",
    process({ noNewPrivs: true, mappedTable: undefined }),
    "covered (covered)",
    { kernel: { securityModules: ["lockdown", "capability", "apparmor"] } },
  ],
  ["no filter before the table was read (control)", process({ mappedTable: undefined }), "covered (covered)"],
  ["a seccomp filter that has let the table through", process({ seccomp: "filter" }), "covered (covered)"],
  ["a stale table", process(), "covered (covered)", { setup: { table: { ...TABLE, state: "stale" } } }],
  ...(["missing", "damaged", "unreadable"] as const).map((state): [string, ProcessFacts, string, Change] => [
    `a table that is ${state}`,
    process({ table: state === "missing" ? "none" : "same", mappedTable: undefined }),
    "not covered (in-force): there is no table in force → portreservectl compile",
    { setup: { table: { ...TABLE, state, tcp: [], udp: [] } } },
  ]),
  [
    "somebody else's file for a table",
    process(),
    "not covered (in-force): there is no table in force",
    { setup: { table: { ...TABLE, state: "foreign" } } },
  ],
])("judges %s", (_, one, expected, change) => {
  expect(on(one, change)).toBe(expected);
});
