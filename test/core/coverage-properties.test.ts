// What holds for any facts: nothing throws, nothing unseen is covered, no text of a process changes a verdict.
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Seen, Unseen } from "../../src/core/seen.ts";
import { assess } from "../../src/coverage/assess.ts";
import type { Coverage } from "../../src/coverage/coverage.ts";
import type { HostFacts, ProcessFacts } from "../../src/coverage/facts.ts";
import type { SocketFacts } from "../../src/coverage/socket-facts.ts";
import {
  type Change,
  cupsd,
  facts,
  OBJECTS,
  process,
  program,
  REFUSED,
  reservation,
  socket,
  unit,
} from "./coverage-facts.ts";

const TEXTS = [
  "",
  "/",
  "cups",
  "a\nb",
  "\u001b[2J",
  "x (deleted)",
  "\udc80",
  "__proto__",
  "constructor",
  "libnfs.so.1",
  "-rf",
  "a;b.service",
];
const text = fc.constantFrom(...TEXTS);
const key = fc.constantFrom(...Object.keys(OBJECTS), "__proto__", "gone");
const refused: fc.Arbitrary<Unseen> = fc.record({ unseen: text, rootWould: fc.boolean() });
const seen = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<Seen<T>> => fc.oneof({ weight: 4, arbitrary: value }, refused);
const port = fc.oneof(
  fc.integer({ min: 600, max: 640 }),
  fc.constantFrom(-1, 0, 111, 623, 664, 1023, 1024, 65535, Number.NaN),
);
const protocol = fc.constantFrom("tcp" as const, "udp" as const);
const pid = fc.integer({ min: 1, max: 5 });
const same = seen(fc.constantFrom("same" as const, "other" as const));
const UNITS = ["cups.service", "a.socket", "session-1.scope", ...TEXTS];

const processes: fc.Arbitrary<ProcessFacts> = fc.record({
  pid,
  name: text,
  program: seen(text),
  startedAt: fc.integer({ min: 0, max: 2_000_000 }),
  uid: seen(fc.constantFrom(0, 33)),
  mayBind: seen(fc.boolean()),
  secure: seen(fc.boolean()),
  domain: fc.option(text, { nil: undefined }),
  unit: fc.option(fc.constantFrom(...UNITS), { nil: undefined }),
  network: same,
  mounts: same,
  root: same,
  table: seen(fc.constantFrom("same" as const, "other" as const, "none" as const)),
  mappedTable: fc.option(seen(fc.record({ current: fc.boolean(), retired: fc.boolean() })), { nil: undefined }),
  preload: seen(fc.boolean()),
  objects: seen(fc.array(key, { maxLength: 5 })),
  executable: fc.option(key, { nil: undefined }),
  bindings: seen(
    fc.array(
      fc.record({
        object: key,
        symbol: text,
        leadsTo: seen(fc.constantFrom("shim" as const, "other" as const, "not yet" as const)),
      }),
      { maxLength: 2 },
    ),
  ),
});

const sockets: fc.Arbitrary<SocketFacts> = fc.record({
  protocol,
  family: fc.constantFrom("inet" as const, "inet6" as const),
  address: text,
  port,
  state: fc.constantFrom("listening" as const, "bound" as const, "connected" as const, "ended" as const),
  inode: fc.constantFrom(0, 7),
  uid: fc.constant(0),
  holders: seen(fc.array(pid, { maxLength: 2 })),
});

const hosts: fc.Arbitrary<HostFacts> = fc
  .record({
    processes: fc.array(processes, { maxLength: 4 }),
    sockets: fc.array(sockets, { maxLength: 5 }),
    hidden: fc.option(refused, { nil: undefined }),
    reservations: fc.option(
      fc.array(
        fc.tuple(port, protocol, text).map((row) => reservation(...row)),
        { maxLength: 4 },
      ),
      { nil: undefined },
    ),
    units: seen(
      fc.array(
        fc
          .tuple(fc.constantFrom(...UNITS), fc.boolean(), port)
          .map(([id, hasDropIn, at]) =>
            unit(id, { hasDropIn, dropInSince: at, listens: [{ protocol: "tcp", address: "::", port: at }] }),
          ),
        { maxLength: 3 },
      ),
    ),
    programs: fc.array(
      fc
        .tuple(
          text,
          fc.array(
            key.map((name) => OBJECTS[name] ?? { path: name, elf: REFUSED }),
            { maxLength: 3 },
          ),
          fc.boolean(),
        )
        .map(([path, objects, privileged]) => program({ path, objects, privileged })),
      { maxLength: 2 },
    ),
    state: fc.constantFrom("fresh", "stale", "valid", "missing", "damaged", "unreadable", "foreign"),
    list: seen(fc.record({ namesShim: fc.boolean(), since: fc.option(fc.nat(), { nil: undefined }) })),
    sunrpc: fc.option(seen(fc.record({ min: port, max: port })), { nil: undefined }),
    start: fc.constantFrom(0, 1024),
  })
  .map(({ state, list, sunrpc, start, ...change }) =>
    facts({
      ...change,
      setup: { list, table: { ...facts().setup.table, state: state as "fresh" } },
      kernel: { sunrpc, unprivilegedPortStart: start, hasIpmi: true, seesEveryProcess: start === 0 },
    }),
  );

/** What of a static program's table of symbols was stripped says nothing of a process that has the shim: it is not its program. */
function withoutTable(elf: unknown): unknown {
  return typeof elf === "object" ? { ...elf, contains: undefined } : elf;
}

/** Which of the allocators are covered though something that matters could not be seen. */
function overlooked({ processes: all, objects }: HostFacts, { allocators }: Coverage): ProcessFacts[] {
  const dark = (value: unknown): boolean => JSON.stringify(value ?? null).includes('"unseen":');
  const covered = new Set(
    allocators.flatMap(({ kind, verdict, pid: at }) => (kind === "process" && verdict === "covered" ? [at] : [])),
  );
  return all.filter(({ pid: at, objects: keys, bindings, table, mappedTable }, index) => {
    if (!covered.has(at) || all.findIndex((it) => it.pid === at) !== index) return false;
    if (all.filter((it) => it.pid === at).length > 1) return false;
    const unread = Array.isArray(keys) && keys.some((it) => it !== "shim" && dark(withoutTable(objects[it]?.elf)));
    return dark([keys, bindings, table, mappedTable]) || unread;
  });
}

test("throws for no facts, and never covers what could not be seen", () => {
  let covered = 0;
  fc.assert(
    fc.property(hosts, (host) => {
      const coverage = assess(host);
      covered += coverage.allocators.some(({ verdict }) => verdict === "covered") ? 1 : 0;
      expect(overlooked(host, coverage)).toEqual([]);
      for (const { verdict, reason, hint } of coverage.allocators) {
        if (verdict !== "covered") expect(reason).toBeTypeOf("string");
        expect(hint ?? "").not.toMatch(/[^ -~]|a;b/);
      }
    }),
    { numRuns: 3000 },
  );
  // The control: some of them are.
  expect(covered).toBeGreaterThan(0);
});

const DARK: readonly [string, Change][] = [
  ...(["objects", "bindings", "table", "mappedTable"] as const).map((name): [string, Change] => [
    name,
    { processes: [process({ [name]: REFUSED }), cupsd] },
  ]),
  ["a mapped file", { objects: { ...OBJECTS, ypbind: { path: "/usr/sbin/ypbind", elf: REFUSED } } }],
  ["a mapped file that is gone", { processes: [process({ objects: ["ypbind", "libc", "shim", "gone"] }), cupsd] }],
  ["a program's file", { programs: [program({ objects: [{ path: "/x", elf: REFUSED }] })] }],
  ["the list", { setup: { list: REFUSED } }],
  ["the watchers", { setup: { watchers: REFUSED } }],
  ["the manager", { setup: { manager: { installed: REFUSED, own: "0.4.0" } } }],
  ["the kernel's range", { kernel: { sunrpc: REFUSED } }],
  ["a socket's holders", { sockets: [socket({ holders: REFUSED })] }],
  ["other processes", { hidden: REFUSED }],
];

test.each(DARK)("does not call a host covered where this cannot be seen: %s", (_, change) => {
  expect(assess(facts()).verdict).toBe("covered");
  expect(assess(facts(change)).verdict).toBe("unknown");
});

test("lets no name that a process gives itself change anything", () => {
  fc.assert(
    fc.property(fc.array(processes, { maxLength: 4 }), fc.oneof(text, fc.string({ unit: "binary" })), (all, name) => {
      const host = facts({ processes: all });
      const renamed = facts({ processes: all.map((one) => ({ ...one, name })) });
      expect(assess(renamed)).toEqual(assess(host));
    }),
  );
});

test("lets no path with a newline change a verdict", () => {
  const paths = fc.string({ unit: "grapheme" }).map((end) => `/tmp/\n${end.replaceAll("/", "")}!`);
  const verdictsOf = (all: readonly ProcessFacts[]): string[] =>
    assess(facts({ processes: all }))
      .allocators.map(({ pid: at, verdict, check }) => `${at} ${verdict} ${check}`)
      .sort();
  fc.assert(
    fc.property(fc.array(processes, { maxLength: 4 }), paths, (all, path) => {
      const moved = (to: string): ProcessFacts[] => all.map((one) => ({ ...one, program: to }));
      expect(verdictsOf(moved(path))).toEqual(verdictsOf(moved("/usr/bin/x")));
    }),
  );
});
