// The verdict on programs that do not run now.
import { expect, test } from "vitest";
import { assess } from "../../src/coverage/assess.ts";
import type { ProgramFacts } from "../../src/coverage/facts.ts";
import { type Change, facts, program, REFUSED } from "./coverage-facts.ts";
import { library, only, programOf } from "./coverage-verdicts.ts";

const STATIC = "use a dynamically linked build, or keep it from the ports by its own settings";
const noList = { setup: { list: { namesShim: false, since: undefined } } };
const setuid = program({ path: "/sbin/mount.nfs", unit: undefined, privileged: true });

test.each<[string, ProgramFacts, string, Change?]>([
  ["a unit's program", program(), "covered (covered): when it starts"],
  [
    "a unit's program without",
    program(),
    "not covered (installed): not installed for it → portreservectl install",
    noList,
  ],
  ["a setuid program", setuid, "covered (covered): when it starts"],
  [
    "a static program",
    programOf(["static"]),
    `not covered (dynamic): static, and no library can be preloaded → ${STATIC}`,
  ],
  ["a stripped one", programOf(["stripped"]), `unknown (dynamic): static, and without a symbol table → ${STATIC}`],
  [
    "a stripped one with a name like ldconfig's",
    programOf(["stripped"], { path: "/usr/local/sbin/ldconfig" }),
    `unknown (dynamic): static, and without a symbol table → ${STATIC}`,
  ],
  [
    "rcmd",
    programOf(["rsh", "libc"]),
    "not covered (reachable): calls rcmd_af, which no preload reaches → replace it by a newer program",
  ],
  [
    "musl",
    programOf(["musl"]),
    "not covered (installed): musl, which does not read the preload list → use a build for glibc",
  ],
  [
    "another ABI",
    programOf(["i386"]),
    "not covered (installed): foreign ABI: no library for i386 → use a build for this host's own ABI",
  ],
  [
    "a file that cannot be read",
    programOf(["ypbind", "hole"]),
    "unknown (readable): its 'secret.so' cannot be seen: permission denied → run it as root",
  ],
  [
    "a list that cannot be seen",
    program(),
    "unknown (installed): the preload list cannot be seen: permission denied → run it as root",
    { setup: { list: REFUSED } },
  ],
  [
    "units that cannot be seen",
    program(),
    "unknown (installed): its unit cannot be seen: permission denied → run it as root",
    { ...noList, units: REFUSED },
  ],
  [
    "a missing library",
    program(),
    "not covered (installed): no library for x86_64 is installed → portreservectl install",
    library({ state: "missing", marker: undefined }),
  ],
  ["another library", program(), "covered (covered): when it starts", library({})],
  [
    "a library for another table",
    program(),
    "not covered (library): its library (9.0) does not know the table's version → portreservectl install",
    library({ marker: "portreserve 9.0 table 2" }),
  ],
  [
    "a library without a marker",
    program(),
    "unknown (library): which version its library would be cannot be seen → portreservectl install",
    library({ marker: undefined }),
  ],
  [
    "a library that cannot be seen",
    program(),
    "unknown (library): the library that it would get cannot be seen: permission denied → run it as root",
    library({ state: REFUSED }),
  ],
  [
    "no table",
    program(),
    "not covered (in-force): there is no table in force → portreservectl compile",
    { setup: { table: { ...facts().setup.table, state: "missing" } } },
  ],
])("judges %s before it runs", (_, one, expected, change) => {
  expect(only({ programs: [one], ...change })).toEqual([expected]);
});

test("lists no program that does not allocate, and folds those that cannot be read", () => {
  const ldconfig = programOf(["stripped"], { path: "/sbin/ldconfig" });
  expect(only({ programs: [programOf(["cupsd", "libc"]), programOf(["go"]), ldconfig] })).toEqual([]);
  const { allocators } = assess(facts({ programs: [programOf(["hole"]), programOf(["hole"])] }));
  expect(allocators.map(({ kind, name, count, verdict }) => [kind, name, count, verdict])).toEqual([
    ["unseen", "2 programs", 2, "unknown"],
    ["process", "ypbind", 1, "covered"],
  ]);
});

test("sorts by verdict, then processes before programs and the kernel", () => {
  const programs = [programOf(["rsh"]), program({ path: "/a" })];
  const { allocators } = assess(facts({ programs, kernel: { sunrpc: { min: 600, max: 1023 } } }));
  expect(allocators.map(({ verdict, kind, name }) => `${verdict} ${kind} ${name}`)).toEqual([
    "not covered program rsh",
    "not covered kernel NFS client",
    "covered process ypbind",
    "covered program a",
  ]);
});
