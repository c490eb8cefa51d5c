// Whom held ports cover: allocators of any kind, and the kernel's clients.
import { describe, expect, test } from "vitest";
import { assess } from "../../src/coverage/assess.ts";
import { type Change, facts, OBJECTS, process, program, running } from "./coverage-facts.ts";
import { HELD, has, held, holder, its, runs, stranger, to, verdictOn } from "./coverage-held.ts";

describe("an allocator", () => {
  const thieves = [
    stranger,
    running("stripped", { pid: 6, objects: ["stripped"] }),
    process({ objects: ["ypbind", "libc"], mappedTable: undefined }),
  ];
  const verdicts = (change: Change): (string | undefined)[] =>
    [5, 6, 640].map((pid) => verdictOn(pid, held({ processes: [holder, ...thieves], ...change })));

  test("is covered whatever it is where every reserved port is held, and without the hold is not (the control)", () => {
    expect(verdicts({})).toEqual(["covered (held)", "covered (held)", "covered (held)"]);
    expect(verdicts({ holder: { kind: "none", start: "unit" }, sockets: [] })).toEqual([
      "not covered (dynamic)",
      "unknown (dynamic)",
      "not covered (loaded)",
    ]);
    const idle = held({ programs: [program({ objects: [OBJECTS.static].filter((one) => one !== undefined) })] });
    expect(assess(idle).allocators.find(({ kind }) => kind === "program")).toMatchObject({
      verdict: "covered",
      reason: "every reserved port is held",
    });
  });

  const both = HELD.reservations ?? [];
  test.each<[string, Change]>([
    ["one port more is reserved", { reservations: [...both, to("reserve", 700, "udp")] }],
    ["a port is reserved for UDP and held for TCP alone", { holder: runs(has(631, "tcp")) }],
    ["the table alone has another", { setup: { table: { ...facts().setup.table, tcp: [631, 900] } } }],
    [
      "what is reserved cannot be seen",
      { reservations: undefined, setup: { table: { ...facts().setup.table, state: "damaged" } } },
    ],
    [
      "nothing is reserved",
      { reservations: [], setup: { table: { ...facts().setup.table, tcp: [], udp: [] } }, sockets: [], holder: runs() },
    ],
  ])("is not covered by it where %s", (_, change) => {
    expect(verdicts(change)[0]).toBe("not covered (dynamic)");
  });

  test("that has a loop of its own may take a port below those of libc, which the others never do", () => {
    const low = { reservations: [...both, to("reserve", 111, "tcp", "sunrpc")] };
    expect(verdicts(low)).toEqual(["covered (held)", "unknown (dynamic)", "covered (held)"]);
    const high = { reservations: [...both, to("hold", 2049, "tcp", "nfs")] };
    expect(verdicts(high)).toEqual(["covered (held)", "covered (held)", "covered (held)"]);
  });

  test("that is covered by the shim keeps what is said of it", () => {
    expect(verdictOn(640, held({ processes: [holder, process()] }))).toBe("covered (covered)");
  });
});

describe("the kernel's clients", () => {
  const rowOf = (name: string, change: Change): unknown => {
    const row = assess(held(change)).allocators.find((one) => one.name === name);
    return row && [row.verdict, row.reason, row.hint];
  };
  const RANGE = { kernel: { sunrpc: { min: 600, max: 1023 } } };
  const all = HELD.reservations ?? [];

  test("are covered where each reserved port of their range is held or blocked", () => {
    expect(rowOf("NFS client", RANGE)).toEqual(["covered", "every reserved port in its range is held", undefined]);
    const blocks = runs(has(631, "tcp", { kind: "block" }), has(631, "udp", { kind: "block" }));
    expect(rowOf("NFS client", { ...RANGE, holder: blocks })).toEqual([
      "covered",
      "every reserved port in its range is held",
      undefined,
    ]);
  });

  test("are told of what is missing, as a command", () => {
    const more = [
      ...all,
      to("reserve", 700, "udp"),
      to("reserve", 636, "tcp"),
      to("reserve", 636, "udp"),
      to("reserve", 80, "tcp"),
    ];
    expect(rowOf("NFS client", { ...RANGE, reservations: more })).toEqual([
      "not covered",
      "631 636 700 reserved in its range",
      "portreservectl mechanisms apply nfs-range",
    ]);
    expect(rowOf("NFS client", { ...RANGE, holder: { kind: "none", start: "unit" }, sockets: [] })).toEqual([
      "not covered",
      "631 reserved in its range",
      "systemctl start portreserve-hold.service",
    ]);
  });

  test("of 9p takes ports of TCP alone", () => {
    const plan9 = { kernel: { plan9: [{ target: "/srv", privport: true }] } };
    const rows = [to("hold", 700, "tcp"), to("reserve", 700, "udp")];
    const table = { ...facts().setup.table, tcp: [700], udp: [700] };
    const tcp = {
      ...plan9,
      reservations: rows,
      setup: { table },
      sockets: its(700, "tcp"),
      holder: runs(has(700, "tcp")),
    };
    expect(rowOf("9p client", tcp)).toEqual(["covered", "every reserved port in its range is held", undefined]);
    expect(rowOf("9p client", { ...tcp, holder: runs() })).toEqual([
      "not covered",
      "700 reserved in its range, and '/srv' is mounted with privport",
      "portreservectl compile",
    ]);
  });
});
