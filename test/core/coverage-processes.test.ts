// Which processes are allocators, which of them count, and what is never believed.
import { expect, test } from "vitest";
import { assess } from "../../src/coverage/assess.ts";
import type { ProcessFacts } from "../../src/coverage/facts.ts";
import { bare, cupsd, facts, LIBC, OBJECTS, process, program, REFUSED, running } from "./coverage-facts.ts";
import { verdicts } from "./coverage-verdicts.ts";

test("says of a host in order that everything is covered", () => {
  const { verdict, allocators, excluded, owners } = assess(facts());
  expect({ verdict, excluded, owners }).toEqual({
    verdict: "covered",
    excluded: { otherNetworks: 0, powerless: 0 },
    owners: 1,
  });
  expect(allocators).toEqual([
    {
      kind: "process",
      name: "ypbind",
      pid: 640,
      unit: "ypbind.service",
      program: "/usr/sbin/ypbind",
      count: 1,
      via: ["bindresvport"],
      verdict: "covered",
      check: "covered",
      reason: undefined,
      hint: undefined,
    },
  ]);
});

test.each<[string, ProcessFacts]>([
  ["a program that only uses libc", cupsd],
  ["a static Go program", running("go", { objects: ["go"] })],
  ["files that are no machine code", running("cupsd", { objects: ["cupsd", "font"] })],
])("does not call %s an allocator", (_, one) => {
  expect(verdicts(facts({ processes: [one] }))).toEqual([]);
});

const GO =
  "unknown (dynamic): in Go, with a bind() of its own, which no preload reaches → if it needs no privileged port, run it with CapabilityBoundingSet=~CAP_NET_BIND_SERVICE ('systemctl edit ypbind.service')";

test.each<[string, ProcessFacts, readonly string[]]>([
  ["static", running("goNet", { objects: ["goNet"] }), [GO]],
  ["dynamic, shim or not", running("goDynamic"), [GO]],
  [
    "outside of any service",
    running("goNet", { objects: ["goNet"], unit: undefined }),
    [
      "unknown (dynamic): in Go, with a bind() of its own, which no preload reaches → if it needs no privileged port, run it without CAP_NET_BIND_SERVICE",
    ],
  ],
  ["without the right to", running("goNet", { objects: ["goNet"], mayBind: false }), []],
])("does not know of a Go program that can take ports whether it allocates: %s", (_, one, expected) => {
  expect(verdicts(facts({ processes: [one] }))).toEqual(expected);
});

test("takes a libtirpc that comes with a program for an allocator, and names its functions", () => {
  const one = running("cupsd", { objects: ["cupsd", "libc", "shim", "tirpc"] });
  expect(assess(facts({ processes: [one] })).allocators).toMatchObject([
    { name: "cupsd", via: ["bindresvport", "bindresvport_sa"], verdict: "covered" },
  ]);
});

test("counts those that cannot take a port of this host, and does not list them", () => {
  const processes = [
    bare({ network: "other" }),
    bare({ pid: 2, mayBind: false }),
    bare({ pid: 3, network: "other", objects: REFUSED }),
  ];
  const { allocators, excluded, verdict } = assess(facts({ processes, sockets: [] }));
  expect({ allocators, excluded, verdict }).toEqual({
    allocators: [],
    excluded: { otherNetworks: 1, powerless: 1 },
    verdict: "covered",
  });
  const open = facts({ processes, kernel: { unprivilegedPortStart: 0 } });
  expect(assess(open).excluded.powerless).toBe(0);
  expect(verdicts(open)).toHaveLength(1);
});

test("folds the processes that cannot be looked into, but for those of a unit that starts an allocator", () => {
  const dark = (pid: number, service: string, mayBind = true): ProcessFacts =>
    process({ pid, unit: service, mayBind, objects: REFUSED, program: REFUSED, executable: undefined });
  const processes = [
    dark(10, "ypbind.service"),
    dark(11, "a.service"),
    dark(12, "b.service"),
    dark(13, "a.service", false),
  ];
  const { allocators, verdict } = assess(facts({ processes, programs: [program()], asRoot: false }));
  expect(verdict).toBe("unknown");
  expect(
    allocators.map(({ kind, name, pid, count, verdict: is, reason, hint }) => [
      kind,
      name,
      pid,
      count,
      is,
      reason,
      hint,
    ]),
  ).toEqual([
    ["process", "ypbind", 10, 1, "unknown", "permission denied", "run it as root"],
    ["unseen", "2 processes", undefined, 2, "unknown", "permission denied", "run it as root"],
  ]);
});

test("says that there may be more processes than these", () => {
  expect(verdicts(facts({ hidden: { unseen: "proc is mounted with hidepid", rootWould: true } }))).toEqual([
    "unknown (seen): proc is mounted with hidepid → run it as root",
    "covered (covered)",
  ]);
});

test("believes no name, and no program that says it is the shim", () => {
  const liar = {
    path: "/opt/liar",
    elf: {
      ...LIBC,
      soname: undefined,
      isProgram: true,
      marker: "portreserve 0.4.0 table 1",
      calls: ["rresvport"],
      defines: [],
    },
  };
  const one = process({
    name: "libportreserve.so\ncovered",
    objects: ["liar", "libc"],
    executable: "liar",
    program: "/opt/liar",
  });
  expect(verdicts(facts({ processes: [one], objects: { ...OBJECTS, liar } }))).toEqual([
    "not covered (loaded): the loader did not load the shim → run its program by hand with LD_DEBUG=libs to see why",
  ]);
});

test("knows the installed library by its key, even if it cannot be read", () => {
  const shim = { path: "/usr/lib/portreserve/libportreserve.so", elf: REFUSED };
  expect(verdicts(facts({ objects: { ...OBJECTS, shim } }))).toEqual(["covered (covered)"]);
});
