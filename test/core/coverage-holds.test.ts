// Held ports: what counts as held, whom it covers, and what is said of one that is not.
import { describe, expect, test } from "vitest";
import { bindsOf, judgeBinds } from "../../src/commands/verify/hold-proof.ts";
import type { Reservation } from "../../src/core/config/types.ts";
import { assess } from "../../src/coverage/assess.ts";
import type { HostFacts } from "../../src/coverage/facts.ts";
import type { HeldFacts, HolderFacts, KeptSocket } from "../../src/coverage/hold-facts.ts";
import type { SocketFacts } from "../../src/coverage/socket-facts.ts";
import type { UnitFacts } from "../../src/coverage/unit-facts.ts";
import {
  type Change,
  cupsd,
  facts,
  OBJECTS,
  process,
  program,
  REFUSED,
  reservation,
  running,
  socket,
  unit,
} from "./coverage-facts.ts";

const HOLDER = 812;
const holder = process({ pid: HOLDER, program: "/usr/lib/portreserve/portreserve-hold", objects: [], unit: undefined });
const stranger = running("static", { pid: 5, objects: ["static"], unit: undefined });

const to = (kind: Reservation["kind"], port: number, protocol: "tcp" | "udp", owner = "cups"): Reservation => ({
  ...reservation(port, protocol, owner),
  kind,
});
const has = (port: number, protocol: "tcp" | "udp", change: Partial<HeldFacts> = {}): HeldFacts => ({
  kind: "hold",
  port,
  protocol,
  ipv4: "held",
  ipv6: "held",
  error: undefined,
  ...change,
});
const its = (port: number, protocol: "tcp" | "udp", holders: SocketFacts["holders"] = [HOLDER]): SocketFacts[] =>
  (["inet", "inet6"] as const).map((family) =>
    socket({ port, protocol, family, address: family === "inet" ? "0.0.0.0" : "::", state: "bound", holders }),
  );
const kept = (port: number, protocol: "tcp" | "udp", family: "inet" | "inet6"): KeptSocket => ({
  ...{ kind: "hold", port, protocol, family },
});
const runs = (...held: readonly HeldFacts[]): HolderFacts => ({ kind: "running", pid: HOLDER, held });

/** 631 held for cups, who is down, on a kernel that shows all sockets; nothing but a static program runs beside. */
const HELD: Change = {
  reservations: [to("hold", 631, "tcp"), to("hold", 631, "udp")],
  processes: [holder, stranger],
  sockets: [...its(631, "tcp"), ...its(631, "udp")],
  holder: runs(has(631, "tcp"), has(631, "udp")),
  kernel: { release: "6.12.0" },
};
const held = (change: Change = {}): HostFacts =>
  facts({ ...HELD, ...change, kernel: { ...HELD.kernel, ...change.kernel } });

/** "PORT/PROTOCOL STATE: REASON → CURE" of each that is to be held, or is. */
const told = (host: HostFacts): string[] =>
  assess(host).ports.flatMap(({ port, protocol, hold }) => {
    if (hold === undefined) return [];
    const why = hold.reason === undefined ? "" : `: ${hold.reason}`;
    return [`${port}/${protocol} ${hold.state}${why}${hold.hint === undefined ? "" : ` → ${hold.hint}`}`];
  });
const first = (host: HostFacts): string | undefined => told(host)[0];
const verdictOn = (pid: number, host: HostFacts): string | undefined => {
  const found = assess(host).allocators.find((one) => one.pid === pid);
  return found && `${found.verdict} (${found.check})`;
};

describe("a port is held", () => {
  test("where the holder says so and the kernel shows its sockets, which are then nobody's", () => {
    const { ports, answers } = assess(held());
    expect(
      ports.map(({ port, protocol, state, holders, hold }) => [port, protocol, state, holders, hold?.state]),
    ).toEqual([
      [631, "tcp", "free", [], "held"],
      [631, "udp", "free", [], "held"],
    ]);
    expect(answers.find(({ id }) => id === "hold")).toMatchObject({
      state: "good",
      answer: "2 ports held, by process 812",
    });
  });

  test("where systemd keeps its sockets while it is down, which is said with what starts it", () => {
    const both = (["tcp", "udp"] as const).flatMap((protocol) => [
      kept(631, protocol, "inet"),
      kept(631, protocol, "inet6"),
    ]);
    const down = held({ processes: [stranger], sockets: [], holder: { kind: "none", start: "unit", kept: both } });
    const why = "portreserve-hold does not run, and systemd keeps its sockets";
    const hint = "systemctl start portreserve-hold.service";
    expect(told(down)).toEqual([`631/tcp held: ${why} → ${hint}`, `631/udp held: ${why} → ${hint}`]);
    expect(assess(down).answers.find(({ id }) => id === "hold")).toMatchObject({
      ...{ state: "good", answer: `2 ports held: ${why}`, hint },
    });
    expect(verdictOn(5, down)).toBe("covered (held)");
  });

  test.each<[string, Change, string]>([
    ["beside somebody who listened first", { holder: runs(has(631, "tcp", { ipv4: "beside" })) }, "631/tcp held"],
    [
      "in the one family that there is",
      { sockets: its(631, "tcp").slice(0, 1), holder: runs(has(631, "tcp", { ipv6: "absent" })) },
      "631/tcp held",
    ],
    ["with a copy of its sockets at systemd", { sockets: its(631, "tcp", [1, HOLDER]) }, "631/tcp held"],
    [
      "by its word alone where the kernel shows no such sockets",
      { sockets: [], kernel: { release: "6.1.0" } },
      "631/tcp held",
    ],
    [
      "though nobody asks for it any more",
      { reservations: [to("reserve", 631, "tcp"), to("reserve", 631, "udp")] },
      "631/tcp held",
    ],
  ])("%s", (_, change, expected) => {
    expect(first(held(change))).toBe(expected);
  });

  test.each<[string, Change, string]>([
    [
      "whose socket the kernel does not show",
      { sockets: its(631, "tcp").slice(0, 1) },
      "631/tcp unknown: portreserve-hold says that it has it, and the kernel shows no such socket",
    ],
    [
      "whose socket is another's",
      { sockets: its(631, "tcp", [5]) },
      "631/tcp unknown: portreserve-hold says that it has it, and the kernel shows no such socket",
    ],
    [
      "whose socket may be another's",
      { sockets: its(631, "tcp", REFUSED) },
      "631/tcp unknown: whether portreserve-hold has its socket cannot be seen → run it as root",
    ],
    [
      "by a holder whose network cannot be seen",
      { processes: [{ ...holder, network: REFUSED }] },
      "631/tcp unknown: its network cannot be seen: permission denied → run it as root",
    ],
    [
      "by a holder that nobody found",
      { processes: [] },
      "631/tcp unknown: its network cannot be seen: the process was not found",
    ],
    [
      "by a holder in another network",
      { processes: [{ ...holder, network: "other" }] },
      "631/tcp not held: portreserve-hold runs in another network namespace",
    ],
    [
      "of which the holder does not know",
      { holder: runs(has(631, "udp")) },
      "631/tcp not held: portreserve-hold has not been told of it → portreservectl compile",
    ],
    [
      "by a state that cannot be believed",
      { holder: { kind: "unknown", why: { unseen: "others may change it", rootWould: false } } },
      "631/tcp unknown: others may change it",
    ],
    [
      "while none runs, and a unit would start it",
      { holder: { kind: "none", start: "unit" } },
      "631/tcp not held: portreserve-hold does not run → systemctl start portreserve-hold.service",
    ],
    [
      "while none runs, and what systemd keeps cannot be seen",
      { holder: { kind: "none", start: "unit", kept: REFUSED } },
      "631/tcp unknown: portreserve-hold does not run, and what systemd keeps for it cannot be seen → run it as root",
    ],
    [
      "while none runs, and systemd keeps it in one family of two",
      { holder: { kind: "none", start: "unit", kept: [kept(631, "tcp", "inet"), kept(631, "udp", "inet6")] } },
      "631/tcp not held: portreserve-hold does not run → systemctl start portreserve-hold.service",
    ],
    [
      "while none runs, and systemd keeps another kind",
      { holder: { kind: "none", start: "unit", kept: [{ ...kept(631, "tcp", "inet"), kind: "block" }] } },
      "631/tcp not held: portreserve-hold does not run → systemctl start portreserve-hold.service",
    ],
    [
      "while none runs or is installed",
      { holder: { kind: "none", start: undefined } },
      "631/tcp not held: portreserve-hold does not run → portreservectl install",
    ],
    [
      "in half of its families",
      { holder: runs(has(631, "tcp", { ipv6: "refused", error: "EPERM" })) },
      "631/tcp refused: portreserve-hold lacks CAP_NET_ADMIN, and somebody listens there (EPERM) → systemctl restart portreserve-hold.service",
    ],
    [
      "that an older kernel cannot hold",
      { holder: runs(has(631, "tcp", { ipv4: "refused", error: "ENOPROTOOPT" })) },
      "631/tcp refused: this kernel cannot hold ports of UDP: that came with Linux 5.7 (ENOPROTOOPT)",
    ],
    [
      "in no family",
      { holder: runs(has(631, "tcp", { ipv4: "absent", ipv6: "absent" })) },
      "631/tcp refused: this kernel has neither IPv4 nor IPv6",
    ],
  ])("not one %s", (_, change, expected) => {
    const host = held(change);
    expect(first(host)).toBe(expected);
    expect(verdictOn(5, { ...host, processes: [...host.processes, stranger] })).toBe("not covered (dynamic)");
    expect(assess(host).answers.find(({ id }) => id === "hold")?.state).toBe(
      expected.includes(" unknown") ? "unknown" : "bad",
    );
  });
});

const REFUSES = { holder: runs(has(631, "tcp", { ipv4: "refused", error: "EADDRINUSE" }), has(631, "udp")) };

test.each<[string, Change, string]>([
  [
    "a thief",
    { processes: [holder, process()], sockets: [socket({ state: "connected", holders: [640] }), ...its(631, "udp")] },
    "631/tcp refused: 'ypbind' has the port who does not set SO_REUSEADDR (EADDRINUSE) → portreservectl reclaim 631/tcp",
  ],
  [
    "its own owner",
    { processes: [holder, cupsd], sockets: [socket(), ...its(631, "udp")] },
    "631/tcp refused: 'cupsd' has the port who does not set SO_REUSEADDR (EADDRINUSE) → portreservectl hold 631/tcp --share --now",
  ],
  [
    "somebody unseen",
    { sockets: [socket({ holders: REFUSED })] },
    "631/tcp refused: somebody has the port who does not set SO_REUSEADDR (EADDRINUSE) → portreservectl reclaim 631/tcp",
  ],
])("a hold that is refused names %s, and what helps", (_, change, expected) => {
  expect(first(held({ ...REFUSES, ...change }))).toBe(expected);
});

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

describe("hints", () => {
  const hints = (change: Change, id: string): unknown[] =>
    assess(held(change))
      .hints.filter((one) => one.id === id)
      .map(({ message, hint }) => [message, hint]);

  test("name the hold where an owner failed beside it, and nothing while it runs (the control)", () => {
    const cups = (activeState: string): Change => ({ units: [unit("cups.service", { activeState })] });
    expect(hints(cups("failed"), "owner-kept-out")).toEqual([
      [
        "'cups.service' has failed while portreserve-hold holds 631/tcp and 631/udp for it: without SO_REUSEADDR it is refused its own ports, and 'portreservectl hold --share' lets it have them",
        "portreservectl unhold 631/tcp 631/udp && systemctl restart cups.service",
      ],
    ]);
    expect(hints(cups("active"), "owner-kept-out")).toEqual([]);
    expect(hints({ ...cups("failed"), holder: { kind: "none", start: "unit" } }, "owner-kept-out")).toEqual([]);
  });

  test("say that a unit in a network of its own has other ports than the held ones", () => {
    const units = [unit("cups.service", { ownNetwork: "PrivateNetwork=yes" })];
    expect(hints({ units }, "other-network")).toEqual([
      [
        "'cups.service' has ports of its own (PrivateNetwork=yes): 631/tcp and 631/udp of this network are held, and what it binds is not",
        undefined,
      ],
    ]);
  });

  test("have a stolen port reclaimed where it is to be held", () => {
    const thief = socket({ state: "connected", holders: [640] });
    const stolen = (change: Change): unknown =>
      hints({ processes: [holder, process()], sockets: [thief, ...its(631, "udp")], ...change }, "stolen")[0];
    expect(stolen(REFUSES)).toEqual([
      "'ypbind' holds 631/tcp, which is reserved for 'cups'",
      "portreservectl reclaim 631/tcp",
    ]);
    const reserved = { reservations: [reservation(631, "tcp", "cups")], holder: runs() };
    expect(stolen(reserved)).toMatchObject([
      expect.anything(),
      "systemctl restart ypbind.service && systemctl restart cups.service",
    ]);
  });

  test("are not given of the copies that systemd keeps while it starts the holder again, but of a socket unit's own", () => {
    const systemd = running("cupsd", { pid: 1, program: "/usr/lib/systemd/systemd", unit: "init.scope" });
    const ports = (more: readonly UnitFacts[]): unknown[] =>
      assess(
        held({
          processes: [systemd],
          units: [unit("portreserve-hold.service"), ...more],
          holder: { kind: "none", start: "unit" },
          sockets: [...its(631, "tcp", [1]), ...its(631, "udp", [1])],
        }),
      ).ports.map(({ protocol, state, hold }) => `${protocol} ${state}, ${hold?.state}`);
    expect(ports([])).toEqual(["tcp free, not held", "udp free, not held"]);
    const listens = [{ protocol: "udp", address: "0.0.0.0", port: 631 }] as const;
    expect(ports([unit("cups.socket", { listens })])).toEqual(["tcp free, not held", "udp held, not held"]);
  });

  test("are not given of a static holder without symbols, which allocates nothing", () => {
    const stripped = { ...holder, objects: ["stripped"], executable: "stripped" };
    const rows = (program: string): unknown =>
      assess(held({ processes: [{ ...stripped, program }], holder: runs(), sockets: [] })).allocators;
    expect(rows("/usr/lib/portreserve/portreserve-hold")).toEqual([]);
    expect(rows("/opt/portreserve-hold")).toMatchObject([{ verdict: "unknown" }]);
  });

  test("are not given of the holder's own sockets", () => {
    const ids = assess(
      held({ reservations: [], setup: { table: { ...facts().setup.table, tcp: [], udp: [] } } }),
    ).hints.map(({ id }) => id);
    expect(ids).toEqual([]);
  });
});

describe("the proof of held ports", () => {
  test("asks for each that is held, in each family that it is in", () => {
    const udp = has(631, "udp", { ipv6: "absent" });
    expect(bindsOf(held({ holder: runs(has(631, "tcp"), udp) }))).toEqual([
      { port: 631, protocol: "tcp", family: "inet" },
      { port: 631, protocol: "tcp", family: "inet6" },
      { port: 631, protocol: "udp", family: "inet" },
    ]);
    expect(bindsOf(held({ sockets: [] }))).toEqual([]);
  });

  test("is good where all are refused, bad where one could be bound, and none where something else was said", () => {
    const binds = bindsOf(held()).slice(0, 2);
    const said = (...answers: readonly (readonly [string, number])[]): string =>
      judgeBinds(
        binds,
        answers.map(([stdout, status]) => ({ stdout, status })),
      ).state;
    const refused = ['{"error":"EADDRINUSE"}\n', 1] as const;
    expect(said(refused, refused)).toBe("good");
    expect(said(refused, ['{"port":631}\n', 0])).toBe("bad");
    expect(said(refused, ['{"error":"EACCES"}\n', 1])).toBe("none");
    expect(said(refused, ["", 127])).toBe("none");
  });
});
