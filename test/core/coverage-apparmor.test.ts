// AppArmor's profiles: what is asked of the kernel, whom they confine, and the verdict on what they keep from a program.
import { describe, expect, test } from "vitest";
import { inMode, mergeProfiles } from "../../src/coverage/apparmor-verdict.ts";
import type { Denied } from "../../src/coverage/facts.ts";
import {
  allows,
  attached,
  type Profile,
  profileOf,
  profilesFor,
  question,
} from "../../src/observe/apparmor/profiles.ts";
import { bare, type Change, facts, INSTALLED_AT, process, program, REFUSED, unit } from "./coverage-facts.ts";
import { on, verdicts } from "./coverage-verdicts.ts";

test.each([
  ["/usr/sbin/cupsd (enforce)", { profile: "/usr/sbin/cupsd", mode: "enforce" }],
  ["a//&:ns:b (mixed)", { profile: "a//&:ns:b", mode: "mixed" }],
  ["odd (name) (kill)", { profile: "odd (name)", mode: "kill" }],
  ["system_u:system_r:rpcd_t:s0-s0:c0.c1023", undefined],
  ["(enforce)", undefined],
])("the domain %j has the profile %j", (domain, expected) => {
  expect(profileOf(domain)).toEqual(expected);
});

test("the kernel is asked about a file by label, class and path, byte for byte", () => {
  expect(question("/usr/sbin/d\xe6mon", "/etc/t")).toEqual(
    Buffer.from("label\0/usr/sbin/d\xe6mon\0\x02/etc/t", "latin1"),
  );
});

// As Linux 6.1 answers.
const answer = (allow: string, deny = "00000000"): string =>
  `allow 0x${allow}\ndeny 0x${deny}\naudit 0x00000000\nquiet 0x00000000\n`;

test.each([
  ["a file that it may read", answer("00000244"), ["read"], true],
  ["a library that it may map", answer("00010244"), ["read", "map"], true],
  ["a library that it may only read", answer("00000244"), ["read", "map"], false],
  ["a file that it may not read", answer("00000200"), ["read"], false],
  ["one that is denied all the same", answer("00000244", "00000004"), ["read"], false],
  ["everything, by no profile", answer("ffffffff"), ["read", "map"], true],
  ["no answer", "", ["read"], undefined],
  ["half an answer", "allow 0x00000244\n", ["read"], undefined],
  ["what is no number", answer("0000024g"), ["read"], undefined],
] as const)("understands the kernel's answer: %s", (_, text, accesses, expected) => {
  expect(allows(text, accesses)).toBe(expected);
});

const profile = (attachment: string, name = attachment, mode = "enforce"): Profile => ({ name, attachment, mode });

describe("a profile for", () => {
  test.each([
    [
      "/usr/sbin/rpc.statd",
      ["/usr/sbin/rpc.statd"],
      ["/usr/sbin/rpcXstatd", "/usr/sbin/rpc.statd2", "/sbin/rpc.statd"],
    ],
    ["/{usr/,}sbin/rpc.statd", ["/usr/sbin/rpc.statd", "/sbin/rpc.statd"], ["/usr/rpc.statd", "/usr/,sbin/rpc.statd"]],
    ["/opt/{a,b{1,2}}/x", ["/opt/a/x", "/opt/b1/x", "/opt/b2/x"], ["/opt/b/x", "/opt/a,b1/x"]],
    ["/opt/*/x?", ["/opt/any/x1"], ["/opt/any/thing/x1", "/opt/any/x", "/opt/any/x/"]],
    ["/opt/**/x", ["/opt/any/thing/x"], ["/opt/any/xy", "/srv/opt/any/x"]],
    ["/opt/x[0-9]", ["/opt/x7"], ["/opt/xx"]],
    ["/opt/[^a]", ["/opt/b"], ["/opt/a"]],
    ["/opt/a,b", ["/opt/a,b"], ["/opt/a"]],
    ["/opt/(1)+$", ["/opt/(1)+$"], ["/opt/1"]],
    ["/opt/a\\*b", ["/opt/a*b"], ["/opt/aab"]],
    ["/opt/{a", [], ["/opt/{a", "/opt/a"]],
  ])("%s", (attachment, those, others) => {
    const attaches = (path: string): boolean => profilesFor(path, [profile(attachment)]).length === 1;
    expect(those.filter((path) => !attaches(path))).toEqual([]);
    expect(others.filter(attaches)).toEqual([]);
  });

  test("a program is none that has only a name, or that enforces nothing", () => {
    const profiles = [
      profile("statd", "statd"),
      profile("/x", "a", "complain"),
      profile("/x", "b", "unconfined"),
      profile("/x", "c", "kill"),
    ];
    expect(profilesFor("/x", profiles).map(({ name }) => name)).toEqual(["c"]);
    expect(profilesFor("statd", profiles)).toEqual([]);
  });
});

test("what the kernel has compiled away is in the policy: the attachment behind a profile's name", () => {
  const policy = [
    `include <tunables/global>
# profile statd /commented {
profile statd /{usr/,}sbin/rpc.statd flags=(attach_disconnected) {
  profile child /inside { }
}
profile "two words" "/opt/two words/**" {
}`,
    "  profile bind9 @{sbin}/named{,-pkcs11} {}\nprofile only_a_name {}\n/usr/sbin/cupsd {}\n",
  ];
  const loaded = ["statd", "two words", "bind9", "only_a_name"].map((name) => profile("<unknown>", name));
  const found = attached([...loaded, profile("/usr/sbin/cupsd"), profile("/told/*", "statd")], policy);
  expect(found.map(({ attachment }) => attachment)).toEqual([
    "/{usr/,}sbin/rpc.statd",
    "/opt/two words/**",
    "**/named{,-pkcs11}",
    "only_a_name",
    "/usr/sbin/cupsd",
    "/told/*",
  ]);
  expect(profilesFor("/usr/sbin/named", found).map(({ name }) => name)).toEqual(["bind9"]);
});

const SHIM = "/usr/lib/portreserve/libportreserve.so";
const denied = (change: Partial<Denied> = {}): Denied => ({
  profile: "statd",
  list: false,
  libraries: [],
  table: false,
  ...change,
});
const SEVERAL = { unseen: "several profiles may confine it", rootWould: false };
const COMPLAINS = { unseen: "some of its profiles only complain", rootWould: false };

test("a stack of profiles, of which some only complain, keeps what it keeps from nobody knows whom", () => {
  const table = denied({ table: true });
  expect([table, denied(), REFUSED].map((one) => inMode("mixed", one))).toEqual([COMPLAINS, denied(), REFUSED]);
  expect([table, denied(), REFUSED].map((one) => inMode("enforce", one))).toEqual([table, denied(), REFUSED]);
  for (const one of [denied({ list: true }), denied({ libraries: [SHIM] })])
    expect(inMode("mixed", one)).toEqual(COMPLAINS);
});

test("of several profiles that may attach, all must agree", () => {
  const table = denied({ table: true });
  expect(mergeProfiles([])).toBeUndefined();
  expect(mergeProfiles([denied()])).toBeUndefined();
  expect(mergeProfiles([denied(), denied({ profile: "other" })])).toBeUndefined();
  expect(mergeProfiles([table, denied({ list: true })])).toEqual(table);
  expect(mergeProfiles([table, denied()])).toEqual(SEVERAL);
  expect(mergeProfiles([denied(), REFUSED])).toEqual(SEVERAL);
  expect(mergeProfiles([REFUSED, table])).toEqual(REFUSED);
});

const RULE = "portreservectl install, then: systemctl reload apparmor";
const INCLUDE = "have the profile include <abstractions/base>, then: systemctl reload apparmor";
const keeps = (what: string, hint: string): string => `its AppArmor profile 'statd' keeps ${what} from it → ${hint}`;
const unmapped = { mappedTable: undefined };
const NOT_LISTED = { setup: { list: { namesShim: false, since: undefined } } } satisfies Change;
const DROP_IN = {
  ...NOT_LISTED,
  units: [unit("ypbind.service", { hasDropIn: true, dropInSince: INSTALLED_AT })],
} satisfies Change;

test.each([
  ["lets it have everything", process({ ...unmapped, denied: denied() }), "covered (covered)", {}],
  [
    "keeps the table",
    process({ ...unmapped, denied: denied({ table: true }) }),
    `not covered (table): ${keeps("the table", RULE)}`,
    {},
  ],
  ["keeps the table that it has mapped already", process({ denied: denied({ table: true }) }), "covered (covered)", {}],
  [
    "keeps the table, and the one it has mapped is retired",
    process({ mappedTable: { current: false, retired: true }, denied: denied({ table: true }) }),
    `not covered (table): ${keeps("the table", RULE)}`,
    {},
  ],
  [
    "keeps the list and the table, but it has the shim",
    process({ ...unmapped, denied: denied({ list: true, table: true }) }),
    `not covered (table): ${keeps("the table", INCLUDE)}`,
    {},
  ],
  [
    "cannot be asked about",
    process({ ...unmapped, denied: REFUSED }),
    "unknown (table): what its AppArmor profile allows cannot be seen: permission denied → run it as root",
    {},
  ],
  [
    "keeps the list, though it was started before the install too",
    bare({ startedAt: INSTALLED_AT - 1, denied: denied({ list: true }) }),
    `not covered (loaded): ${keeps("the preload list", INCLUDE)}`,
    {},
  ],
  [
    "keeps the shim",
    bare({ denied: denied({ libraries: [SHIM] }) }),
    `not covered (loaded): ${keeps("the shim", RULE)}`,
    {},
  ],
  [
    "keeps the shim of another ABI",
    bare({ startedAt: INSTALLED_AT - 1, denied: denied({ libraries: ["/usr/lib32/portreserve/libportreserve.so"] }) }),
    "not covered (loaded): started before the install → systemctl restart ypbind.service",
    {},
  ],
  [
    "cannot be asked about, and it has no shim anyway",
    bare({ startedAt: INSTALLED_AT - 1, denied: REFUSED }),
    "not covered (loaded): started before the install → systemctl restart ypbind.service",
    {},
  ],
  [
    "keeps all, where nothing is installed for it",
    bare({ denied: denied({ list: true, libraries: [SHIM], table: true }) }),
    "not covered (loaded): not installed for it → portreservectl install",
    NOT_LISTED,
  ],
  [
    "keeps the list, where it has a drop-in",
    bare({ startedAt: INSTALLED_AT - 1, denied: denied({ list: true }) }),
    "not covered (loaded): started before the install → systemctl restart ypbind.service",
    DROP_IN,
  ],
] as const)("a profile of a running program %s", (_, one, expected, change) => {
  expect(on(one, change)).toBe(expected);
});

test.each([
  ["lets it have everything", denied(), "covered (covered): when it starts", {}],
  ["keeps the table", denied({ table: true }), `not covered (confined): ${keeps("the table", RULE)}`, {}],
  [
    "keeps the list",
    denied({ list: true, table: true }),
    `not covered (confined): ${keeps("the preload list", INCLUDE)}`,
    {},
  ],
  ["keeps the shim", denied({ libraries: [SHIM] }), `not covered (confined): ${keeps("the shim", RULE)}`, {}],
  ["keeps the list, which its drop-in needs not", denied({ list: true }), "covered (covered): when it starts", DROP_IN],
  [
    "cannot be asked about",
    REFUSED,
    "unknown (confined): what its AppArmor profile allows cannot be seen: permission denied → run it as root",
    {},
  ],
  [
    "is of no matter without the shim",
    denied({ table: true }),
    "not covered (installed): not installed for it → portreservectl install",
    NOT_LISTED,
  ],
] as const)("a profile of a program that does not run %s", (_, one, expected, change) => {
  expect(verdicts(facts({ processes: [], programs: [program({ denied: one })], ...change }))).toEqual([expected]);
});
