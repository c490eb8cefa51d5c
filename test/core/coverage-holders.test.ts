// Who holds a port, and whether rightly.
import { expect, test } from "vitest";
import { assess } from "../../src/coverage/assess.ts";
import { type Change, cupsd, facts, process, REFUSED, reservation, running, socket, unit } from "./coverage-facts.ts";

/** "PORT/PROTOCOL state: verdict of each holder" of every port that is held. */
function held(change: Change): string[] {
  return assess(facts(change)).ports.flatMap(({ port, protocol, state, holders }) =>
    holders.length === 0
      ? []
      : [`${port}/${protocol} ${state}: ${holders.map((it) => `${it.verdict} ${it.name}`).join(", ")}`],
  );
}

const pid1 = running("cupsd", { pid: 1, program: "/usr/lib/systemd/systemd", unit: "init.scope" });
const cupsSocket = unit("cups.socket", { listens: [{ protocol: "tcp", address: "0.0.0.0", port: 631 }] });
const byOwner = (owner: string): Change => ({ reservations: [reservation(631, "tcp", owner)] });
const stripped = running("stripped", { pid: 5, objects: ["stripped"], unit: undefined });

test("lists each reserved port once, with its owners and whether the table has it", () => {
  const table = { ...facts().setup.table, tcp: [631, 700], udp: [] };
  const rows = [
    reservation(631, "udp", "cups"),
    reservation(631, "tcp", "b"),
    reservation(631, "tcp", "cups"),
    reservation(2049, "tcp", "nfs"),
  ];
  const free = { kind: "reserve", state: "free", holders: [] };
  expect(assess(facts({ reservations: rows, sockets: [], setup: { table } })).ports).toEqual([
    { port: 631, protocol: "tcp", owners: ["b", "cups"], reserved: true, inTable: true, ...free },
    { port: 631, protocol: "udp", owners: ["cups"], reserved: true, inTable: false, ...free },
    { port: 700, protocol: "tcp", owners: [], reserved: true, inTable: true, ...free },
  ]);
});

test("a port has the kind that all lines for it come to", () => {
  const kinds = { a: "reserve", b: "hold", c: "block" } as const;
  const rows = (["a", "b", "c"] as const).map((owner) => ({ ...reservation(631, "udp", owner), kind: kinds[owner] }));
  const kindOf = (reservations: readonly (typeof rows)[number][]): unknown =>
    assess(facts({ reservations, sockets: [] })).ports.find(({ port, protocol }) => port === 631 && protocol === "udp")
      ?.kind;
  expect([rows, rows.slice(0, 1), [rows[0], rows[2]].filter((row) => row !== undefined)].map(kindOf)).toEqual([
    "hold",
    "reserve",
    "block",
  ]);
});

test.each<[string, Change, string]>([
  ["its unit's name", {}, "631/tcp held: owner cupsd"],
  [
    "its unit's alias",
    { ...byOwner("print"), units: [unit("cups.service", { names: ["cups.service", "print.service"] })] },
    "631/tcp held: owner cupsd",
  ],
  [
    "an instance of its unit",
    { ...byOwner("cups"), processes: [{ ...cupsd, unit: "cups@lan.service", program: REFUSED }] },
    "631/tcp held: owner process 1201",
  ],
  [
    "its program's name",
    { ...byOwner("cupsd"), processes: [{ ...cupsd, unit: "session-3.scope" }] },
    "631/tcp held: owner cupsd",
  ],
  [
    "its program's name without the d",
    { processes: [{ ...cupsd, unit: undefined, program: "/usr/sbin/cupsd (deleted)" }] },
    "631/tcp held: owner cupsd",
  ],
  [
    "its name as an RPC server",
    { ...byOwner("mountd"), processes: [{ ...cupsd, unit: "nfs.service", program: "/usr/sbin/rpc.mountd" }] },
    "631/tcp held: owner rpc.mountd",
  ],
])("knows the owner by %s", (_, change, expected) => {
  expect(held(change)).toEqual([expected]);
});

test.each<[string, Change, string[]]>([
  [
    "an allocator on a reserved port",
    { sockets: [socket({ protocol: "udp", state: "bound", holders: [640] })] },
    ["631/udp stolen: stolen ypbind"],
  ],
  [
    "an allocator that owns it",
    { ...byOwner("ypbind"), sockets: [socket({ holders: [640] })] },
    ["631/tcp held: owner ypbind"],
  ],
  [
    "an allocator on a port of nobody",
    { sockets: [socket({ port: 700, holders: [640] })] },
    ["700/tcp held: unjudged ypbind"],
  ],
  [
    "an allocator below what anybody hands out",
    { reservations: [reservation(111, "tcp", "sunrpc")], sockets: [socket({ port: 111, holders: [640] })] },
    ["111/tcp held: unjudged ypbind"],
  ],
  [
    "a stranger",
    { processes: [{ ...cupsd, unit: "web.service", program: "/usr/bin/node" }] },
    ["631/tcp held: unjudged node"],
  ],
  [
    "a connection that an allocator was handed by the owner",
    { sockets: [socket(), socket({ state: "connected", address: "10.0.0.1", holders: [640] })] },
    ["631/tcp held: owner cupsd, unjudged ypbind"],
  ],
  [
    "a connection that an allocator made",
    { sockets: [socket({ state: "connected", holders: [640] })] },
    ["631/tcp stolen: stolen ypbind"],
  ],
  [
    "the kernel on a reserved port",
    { sockets: [socket({ protocol: "udp", state: "bound", holders: [] })] },
    ["631/udp stolen: stolen kernel"],
  ],
  [
    "the kernel's lock manager where it was told to listen",
    { sockets: [socket({ holders: [] })], kernel: { lockd: { tcp: 631, udp: 0 } } },
    ["631/tcp held: unjudged the kernel's lockd"],
  ],
  [
    "the same, with a file named after it",
    { ...byOwner("lockd"), sockets: [socket({ holders: [] })], kernel: { lockd: { tcp: 631, udp: 0 } } },
    ["631/tcp held: owner the kernel's lockd"],
  ],
  [
    "the kernel's client on the port of the lock manager's server",
    { sockets: [socket({ state: "connected", holders: [] })], kernel: { lockd: { tcp: 631, udp: 631 } } },
    ["631/tcp stolen: stolen kernel"],
  ],
  ["the kernel on another", { sockets: [socket({ port: 700, holders: [] })] }, ["700/tcp held: unjudged kernel"]],
  [
    "nobody, where not everybody can be seen",
    { sockets: [socket({ holders: [] })], kernel: { seesEveryProcess: false } },
    ["631/tcp unknown: unknown not every process can be seen from here"],
  ],
  [
    "nobody, where some are hidden",
    { sockets: [socket({ holders: [] })], hidden: REFUSED },
    ["631/tcp unknown: unknown permission denied"],
  ],
  [
    "a holder that cannot be seen",
    { sockets: [socket({ holders: REFUSED })] },
    ["631/tcp unknown: unknown permission denied"],
  ],
  [
    "a holder that has ended",
    { sockets: [socket({ holders: [4] })] },
    ["631/tcp unknown: unknown process 4, which was not seen itself"],
  ],
  [
    "a process that cannot be looked into",
    { processes: [{ ...process({ objects: REFUSED, pid: 1201 }) }] },
    ["631/tcp unknown: unknown ypbind"],
  ],
  [
    "what may be an allocator",
    { processes: [stripped], sockets: [socket({ holders: [5] })] },
    ["631/tcp unknown: unknown stripped"],
  ],
  [
    "a connection that ended",
    { sockets: [socket({ state: "ended", inode: 0, holders: [] })] },
    ["631/tcp ended: ended nobody"],
  ],
  [
    "a connection that ended on a port of nobody",
    { sockets: [socket({ port: 700, state: "ended", inode: 0, holders: [] })] },
    ["700/tcp ended: ended nobody"],
  ],
  [
    "a connection that nobody accepted yet",
    { sockets: [socket(), socket({ state: "connected", inode: 0, holders: [] })] },
    ["631/tcp held: owner cupsd, unknown a connection that nobody has accepted yet"],
  ],
  [
    "systemd for the owner's socket",
    { processes: [pid1], units: [cupsSocket], sockets: [socket({ holders: [1] })] },
    ["631/tcp held: owner systemd for cups.socket"],
  ],
  [
    "systemd for another socket",
    { ...byOwner("print"), processes: [pid1], units: [cupsSocket], sockets: [socket({ holders: [1] })] },
    ["631/tcp held: unjudged systemd for cups.socket"],
  ],
  [
    "process 1 for no socket",
    { processes: [pid1], sockets: [socket({ holders: [1] })] },
    ["631/tcp held: unjudged systemd"],
  ],
  [
    "the same process many times",
    { sockets: [socket(), socket(), socket({ address: "::" })] },
    ["631/tcp held: owner cupsd, owner cupsd"],
  ],
])("judges %s", (_, change, expected) => {
  expect(held(change)).toEqual(expected);
});

test("lets a stolen port decide the whole", () => {
  const { verdict, ports } = assess(facts({ sockets: [socket({ holders: [640], address: "10.0.0.1" })] }));
  expect(verdict).toBe("not covered");
  expect(ports[0]?.holders).toEqual([
    { verdict: "stolen", name: "ypbind", pid: 640, unit: "ypbind.service", address: "10.0.0.1", state: "listening" },
  ]);
  expect(assess(facts({ sockets: [socket({ holders: REFUSED })] })).verdict).toBe("unknown");
  expect(assess(facts({ sockets: [socket({ port: 80, holders: REFUSED })] })).verdict).toBe("covered");
});

test("calls no port free where the sockets could not be listed", () => {
  const listed = assess(facts({ sockets: [] }));
  expect(listed.ports.map(({ state }) => state)).toContain("free");
  const { ports, answers, verdict } = assess(facts({ sockets: [], socketsUnseen: REFUSED }));
  expect([...new Set(ports.map(({ state }) => state))]).toEqual(["unknown"]);
  expect(answers.filter(({ state }) => state === "unknown").map(({ id }) => id)).toEqual(["sockets"]);
  expect(verdict).not.toBe("covered");
});

test("a port of the mechanism 'fixed' is its daemon's, and nobody else's of that file", () => {
  const statd = process({ name: "rpc.statd", program: "/usr/sbin/rpc.statd", unit: "rpc-statd.service" });
  const change = (owner: string): Change => ({
    reservations: [reservation(631, "tcp", "fixed")],
    processes: [statd],
    sockets: [socket({ holders: [statd.pid] })],
    fixedOwners: [
      { port: 631, owner },
      { port: 632, owner: "rpc.statd" },
    ],
  });
  expect(held(change("rpc.statd"))).toEqual(["631/tcp held: owner rpc.statd"]);
  expect(held(change("ypserv"))).toEqual(["631/tcp stolen: stolen rpc.statd"]);
});
