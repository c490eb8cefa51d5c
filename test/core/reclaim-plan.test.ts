// What reclaim may do about a port, by who has it: a row for each case.
import { describe, expect, test } from "vitest";
import { ownerHas } from "../../src/commands/reclaim/owners.ts";
import {
  type FoundPort,
  type FoundSocket,
  planFor,
  planLines,
  type ReclaimPlan,
  type SocketUser,
} from "../../src/commands/reclaim/plan.ts";
import {
  familiesOf,
  forOwner,
  type OwnerHas,
  type Reclaimed,
  withoutOwner,
} from "../../src/commands/reclaim/reclaimed.ts";
import { startMessages } from "../../src/commands/reclaim/words.ts";
import type { Options } from "../../src/commands/types.ts";
import type { SocketFamily } from "../../src/core/sockets/row.ts";
import type { Holder, PortState } from "../../src/coverage/coverage.ts";

function user(change: Partial<SocketUser> = {}): SocketUser {
  const place = { fd: 5, shares: false };
  return { pid: 640, name: "ypbind", unit: "ypbind.service", verdict: "stolen", apart: undefined, place, ...change };
}

function socket(users: readonly SocketUser[], change: Partial<FoundSocket> = {}): FoundSocket {
  return {
    family: "inet",
    address: "192.0.2.1",
    state: "connected",
    inode: 7,
    by: { kind: "processes", users },
    ...change,
  };
}

function kernel(change: Partial<FoundSocket> = {}): FoundSocket {
  return socket([], { by: { kind: "kernel", name: "kernel", verdict: "stolen" }, ...change });
}

const OWNER = user({ pid: 1201, name: "cupsd", unit: "cups.service", verdict: "owner" });

function port(sockets: readonly FoundSocket[], change: Partial<FoundPort> = {}): FoundPort {
  return {
    port: 631,
    protocol: "tcp",
    reserved: true,
    owners: ["cups"],
    ownerUnits: ["cups.service"],
    kind: "reserve",
    sockets,
    holder: { kind: "none" },
    kernel: { rpcClient: true, plan9: [] },
    ...change,
  };
}

const HELD = { kind: "hold", holder: { kind: "running", families: ["inet", "inet6"] } } as const;

/** "cannot: …", "nothing: …", or the lines of what is done. */
function said(plan: ReclaimPlan): string {
  if (plan.kind === "act") return planLines(plan).join("; ");
  return `${plan.kind}: ${plan.text}`;
}

describe("a socket of a program", () => {
  test.each([
    ["is connected", socket([user()]), "SO_REUSEADDR on 1 socket of 'ypbind' 640"],
    ["is bound", socket([user()], { state: "bound" }), "SO_REUSEADDR on 1 socket of 'ypbind' 640"],
    ["is of nobody known as an allocator", socket([user({ verdict: "unjudged" })]), "SO_REUSEADDR on 1 socket"],
    ["listens", socket([user()], { state: "listening" }), "cannot: 'ypbind' 640 listens on it"],
    ["shares already", socket([user({ place: { fd: 5, shares: true } })]), "nothing: 'ypbind' 640 shares it"],
    [
      "cannot be copied",
      socket([user({ place: "EPERM" })]),
      "cannot: the socket of 'ypbind' 640 cannot be copied: EPERM",
    ],
    ["is the owner's", socket([OWNER]), "nothing: its owner has it, 'cupsd' 1201"],
    ["is the owner's too", socket([user(), OWNER]), "nothing: its owner has it, 'cupsd' 1201"],
    ["has ended", socket([], { state: "ended", inode: 0 }), "nothing: nobody has it, but a connection that ended"],
    ["is of a container", socket([user({ apart: "why" })]), "cannot: 'ypbind' 640 is not touched: why"],
    [
      "is of two, one of them in a container",
      socket([user(), user({ pid: 9, name: "other", apart: "why" })]),
      "cannot: 'other' 9 is not touched: why",
    ],
    [
      "cannot be seen",
      socket([], { by: { kind: "unseen", reason: "permission denied" } }),
      "cannot: who has it cannot be seen: permission denied",
    ],
  ])("that %s", (_, one, start) => {
    expect(said(planFor(port([one])))).toMatch(new RegExp(`^${start.replaceAll(".", "\\.")}`));
  });

  test("of UDP is left alone, whatever it does", () => {
    const plan = planFor(port([socket([user()], { state: "bound" })], { protocol: "udp" }));
    expect(plan).toMatchObject({ kind: "cannot", hint: "run 'systemctl restart ypbind.service'" });
  });

  test("that can be copied by one of its processes alone is shared by that one, once", () => {
    const plan = planFor(
      port([socket([user({ place: "EPERM" }), user({ pid: 641 })]), socket([user()], { inode: 8 })]),
    );
    expect(plan.kind === "act" && plan.share.map(({ user: { pid }, inode }) => [pid, inode])).toEqual([
      [641, 7],
      [640, 8],
    ]);
  });

  test("that a server of somebody else's has accepted is no thief's, and one that an allocator has connected is", () => {
    const listening = socket([OWNER], { state: "listening", inode: 1 });
    const accepted = socket([user({ pid: 9, name: "worker", verdict: "unjudged" })], { inode: 2 });
    expect(said(planFor(port([listening, accepted])))).toBe("nothing: its owner has it, 'cupsd' 1201");
    expect(said(planFor(port([listening, accepted, socket([user()])])))).toMatch(
      /^SO_REUSEADDR on 1 socket of 'ypbind'/,
    );
  });

  test("stops all that could be done for the others", () => {
    const all = [socket([user()]), socket([user({ pid: 9, name: "daemon" })], { state: "listening", inode: 8 })];
    expect(planFor(port(all))).toMatchObject({ kind: "cannot", text: "'daemon' 9 listens on it, which two cannot do" });
  });
});

describe("a socket of the kernel", () => {
  const ends = "an end to 1 connection of the kernel's NFS client, which connects again from another port";

  test.each([
    ["that is held", HELD, ends],
    ["that is not to be held", {}, "cannot: the kernel's NFS client would take it again, since nothing holds it"],
    ["whose holder does not run", { kind: "hold" }, "portreserve-hold is not running"],
    [
      "that its holder has for IPv6 alone",
      { ...HELD, holder: { kind: "running", families: ["inet6"] } },
      "could not take",
    ],
    ["whose holder cannot be seen", { ...HELD, holder: { kind: "unknown", reason: "EPERM" } }, "is not known: EPERM"],
    ["that is blocked", { kind: "block" }, "cannot: it is blocked"],
    ["where 9p is mounted", { ...HELD, kernel: { rpcClient: true, plan9: ["/mnt/9"] } }, "'/mnt/9', a mount of 9p"],
    ["without an RPC client", { ...HELD, kernel: { rpcClient: false, plan9: [] } }, "not for its NFS client"],
    ["of UDP", { ...HELD, protocol: "udp" }, "cannot: the kernel has it over UDP"],
  ] as const)("on a port %s", (_, change, words) => {
    expect(said(planFor(port([kernel()], change)))).toContain(words);
  });

  test("that listens is left alone, and lockd's on its own port is the owner's", () => {
    expect(said(planFor(port([kernel({ state: "listening" })], HELD)))).toMatch(
      /^cannot: the kernel has it, and not for/,
    );
    const lockd = kernel({ state: "listening", by: { kind: "kernel", name: "lockd", verdict: "owner" } });
    expect(said(planFor(port([lockd], HELD)))).toBe("nothing: its owner has it, the kernel");
  });

  test("is ended beside a program's that is shared", () => {
    const plan = planFor(port([kernel(), kernel({ inode: 8 }), socket([user()], { inode: 9 })], HELD));
    expect(plan.kind === "act" && [plan.share.length, plan.end.map(({ inode }) => inode)]).toEqual([1, [7, 8]]);
  });
});

test("a port that nothing reserves is nobody's to reclaim, and one that nobody has needs nothing", () => {
  expect(planFor(port([socket([user()])], { reserved: false })).kind).toBe("cannot");
  expect(planFor(port([]))).toEqual({ kind: "nothing", because: "nobody", text: "nobody has it" });
});

describe("its owner", () => {
  const one = (sockets: readonly FoundSocket[], ownerHas?: OwnerHas): Reclaimed => {
    const found = port(sockets);
    return { found, plan: planFor(found), done: undefined, ownerHas };
  };
  const taken = (has?: OwnerHas): Reclaimed => one([socket([user()])], has);
  const free = (has?: OwnerHas): Reclaimed => one([], has);

  test("is restarted for what somebody had, or else for what nobody has, and for nothing that it has", () => {
    const [first, second] = [taken(), free()];
    expect(forOwner([first, second])).toEqual([first]);
    expect(forOwner([second])).toEqual([second]);
    expect(forOwner([one([socket([OWNER])], "yes")])).toEqual([]);
  });

  test("has to have afterwards what somebody had, and of what nobody had one at least", () => {
    expect(withoutOwner([taken("yes"), free("no")])).toEqual([]);
    expect(withoutOwner([taken("no"), free("yes")])).toHaveLength(1);
    expect(withoutOwner([taken({ lacks: ["inet"] }), free("yes")])).toHaveLength(1);
    expect(withoutOwner([free("yes"), free("no")])).toEqual([]);
    expect(withoutOwner([free("no"), free("no")])).toHaveLength(2);
  });

  test("has it only where it serves in each address family in which others had it", () => {
    const families = familiesOf(one([socket([user()]), socket([user()], { family: "inet6", inode: 8 })]));
    expect([families, familiesOf(taken()), familiesOf(free())]).toEqual([["inet", "inet6"], ["inet"], []]);
    const has = (wanted: readonly SocketFamily[], ...addresses: readonly string[]): OwnerHas => {
      const holders = addresses.map((address) => ({ verdict: "owner", address, state: "listening" }) as Holder);
      const ports = [{ port: 631, protocol: "tcp", holders } as unknown as PortState];
      return ownerHas({ ports }, { port: 631, protocol: "tcp", families: wanted });
    };
    expect(has(["inet"], "127.0.0.1", "::1")).toBe("yes");
    expect(has(["inet"], "::1")).toEqual({ lacks: ["inet"] });
    expect(has(["inet6"], "0.0.0.0")).toEqual({ lacks: ["inet6"] });
    expect(has(["inet", "inet6"], "::1")).toEqual({ lacks: ["inet"] });
    expect(has(["inet", "inet6"], "::")).toBe("yes");
    expect([has([], "::1"), has([]), has(["inet"])]).toEqual(["yes", "no", "no"]);
  });

  test("is said to have it elsewhere, and what keeps it for a minute", () => {
    const text = (ports: Reclaimed): readonly string[] =>
      startMessages([ports], { dryRun: false, restartOwner: true } as Options).map(
        ({ message, hint }) => `${message}; ${hint}`,
      );
    expect(text(taken("yes"))).toEqual([]);
    expect(text(taken({ lacks: ["inet"] }))).toEqual([
      "631/tcp: its owner has it, but not over IPv4, where others had it: it may not ask for the port, or not set " +
        "SO_REUSEADDR; 'portreservectl lookup 631/tcp' shows who has it",
    ]);
    expect(text(one([socket([user()]), socket([], { state: "ended", inode: 0 })], { lacks: ["inet"] }))).toEqual([
      "631/tcp: its owner has it, but not over IPv4, where others had it: for a minute at most a connection that ended " +
        "keeps it; restart it in a minute",
    ]);
  });
});
