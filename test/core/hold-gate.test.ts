// Whether a port may be held: what the sockets that have it come to, one row for each kind of owner and thief.
import { describe, expect, test } from "vitest";
import { assess } from "../../src/coverage/assess.ts";
import type { HostFacts } from "../../src/coverage/facts.ts";
import { type PortUse, portUse } from "../../src/coverage/hold-gate.ts";
import type { SharedSocket, Sharing } from "../../src/coverage/sharing-facts.ts";
import { bare, type Change, cupsd, facts, process, REFUSED, running, socket, unit } from "./coverage-facts.ts";

const SHARES: Sharing = { reuseAddress: true, interfaceIndex: 0 };
const ALONE: Sharing = { reuseAddress: false, interfaceIndex: 0 };

function shared(change: Partial<SharedSocket> = {}): SharedSocket {
  return { ...socket(change), sharing: SHARES, ...change };
}

function useOf(sockets: readonly SharedSocket[], change: Change = {}, port = 631, holderPid?: number): PortUse {
  const host: HostFacts = facts({ ...change, sockets: sockets.filter((one) => one.port < 1024) });
  const protocol = sockets[0]?.protocol ?? "tcp";
  return portUse({ port, protocol }, { facts: host, coverage: assess(host), sockets, holderPid });
}

const CUPSD = { name: "cupsd", pid: 1201, unit: "cups.service", isStatic: false };
const udp = (change: Partial<SharedSocket> = {}): SharedSocket =>
  shared({ protocol: "udp", state: "bound", inode: 78, ...change });

describe("an owner that runs", () => {
  test("shares it where each of its sockets does", () => {
    const both = [shared(), shared({ family: "inet6", address: "::", inode: 79 })];
    expect(useOf(both)).toEqual({ kind: "shares", users: [CUPSD] });
  });

  test("does not where one does not, which is named", () => {
    const both = [shared(), shared({ family: "inet6", address: "::", inode: 79, sharing: ALONE })];
    expect(useOf(both)).toEqual({ kind: "alone", users: [CUPSD] });
    expect(useOf([udp({ sharing: ALONE })])).toEqual({ kind: "alone", users: [CUPSD] });
  });

  test("is not judged by what it has accepted, but by that where nothing else is left of it", () => {
    const accepted = shared({ state: "connected", address: "10.0.0.1", inode: 80, sharing: ALONE });
    expect(useOf([shared(), accepted]).kind).toBe("shares");
    expect(useOf([accepted]).kind).toBe("alone");
  });

  test("may be anybody, and named by its unit, where nobody has reserved the port", () => {
    const web = process({ pid: 90, program: "/usr/sbin/nginx", unit: "nginx.service", objects: ["libc"] });
    expect(useOf([shared({ port: 8080, holders: [90] })], { processes: [web] }, 8080)).toEqual({
      kind: "shares",
      users: [{ name: "nginx", pid: 90, unit: "nginx.service", isStatic: false }],
    });
  });

  test("is static where no library reaches it", () => {
    const owner = running("static", { pid: 91, unit: "cups.service" });
    expect(useOf([shared({ holders: [91], sharing: ALONE })], { processes: [owner] })).toMatchObject({
      kind: "alone",
      users: [{ name: "static", isStatic: true }],
    });
  });

  test("is systemd for a socket unit, and the service behind that where it has the socket too", () => {
    const systemd = process({ pid: 1, program: "/usr/lib/systemd/systemd", unit: "init.scope", objects: ["libc"] });
    const listens = [{ protocol: "tcp", address: "", port: 631 }] as const;
    const units = [unit("cups.socket", { listens }), unit("cups.service")];
    const change = { processes: [systemd, cupsd], units };
    expect(useOf([shared({ holders: [1] })], change)).toMatchObject({
      kind: "shares",
      users: [{ name: "systemd for cups.socket", pid: 1, unit: "cups.socket" }],
    });
    expect(useOf([shared({ holders: [1, 1201] })], change)).toEqual({ kind: "shares", users: [CUPSD] });
  });

  test("is the kernel: what listens shares, and what takes datagrams does not", () => {
    const nfsd = { holders: [], sharing: undefined, port: 2049 };
    expect(useOf([shared(nfsd)], {}, 2049)).toMatchObject({ kind: "shares", users: [{ name: "the kernel" }] });
    expect(useOf([udp(nfsd)], {}, 2049)).toMatchObject({ kind: "alone", users: [{ name: "the kernel" }] });
    const kernel = { lockd: { tcp: 700, udp: 700 } };
    const lockd = { holders: [], sharing: undefined, port: 700 };
    expect(useOf([udp(lockd)], { kernel }, 700).kind).toBe("alone");
    expect(useOf([shared(lockd)], { kernel }, 700).kind).toBe("shares");
  });
});

describe("stolen", () => {
  const thief = bare({ pid: 640 });
  test("is what an allocator has, with the flag or without", () => {
    for (const sharing of [SHARES, ALONE]) {
      expect(useOf([shared({ holders: [640], state: "connected", sharing })], { processes: [thief] })).toMatchObject({
        kind: "stolen",
        users: [{ name: "ypbind", pid: 640 }],
      });
    }
    expect(useOf([udp({ holders: [640], sharing: ALONE })], { processes: [thief] }).kind).toBe("stolen");
  });

  test("is what somebody connects from, reserved or not, and what the kernel's NFS client has", () => {
    const client = process({ pid: 92, program: "/opt/client", unit: undefined, objects: ["libc"] });
    const from = { state: "connected", holders: [92], sharing: ALONE, port: 700 } as const;
    expect(useOf([shared(from)], { processes: [client] }, 700).kind).toBe("stolen");
    const kernel = { holders: [], sharing: undefined, state: "connected" } as const;
    expect(useOf([shared({ ...kernel, port: 700 })], {}, 700).kind).toBe("stolen");
    expect(useOf([shared(kernel)]).kind).toBe("stolen");
    expect(useOf([udp({ holders: [], sharing: undefined })]).kind).toBe("stolen");
  });

  test("is not what an owner has too, who decides", () => {
    const sockets = [
      shared(),
      shared({ holders: [640], state: "bound", address: "10.0.0.1", inode: 81, sharing: ALONE }),
    ];
    expect(useOf(sockets, { processes: [thief, cupsd] }).kind).toBe("shares");
  });
});

describe("nobody", () => {
  test("has what nobody has, what ended, and what portreserve-hold has, or systemd for it", () => {
    expect(useOf([])).toEqual({ kind: "nobody" });
    expect(useOf([shared({ state: "ended", inode: 0, holders: [], sharing: undefined })]).kind).toBe("nobody");
    const held = { state: "bound", holders: [50], sharing: SHARES } as const;
    expect(useOf([shared(held)], {}, 631, 50).kind).toBe("nobody");
    // The control: as somebody else's it counts.
    expect(useOf([shared(held)]).kind).toBe("shares");
    expect(useOf([shared({ ...held, holders: [1] })]).kind).toBe("nobody");
    const nowhere = { reuseAddress: true, interfaceIndex: 0x7fffffff };
    expect(useOf([udp({ holders: [1], sharing: nowhere })]).kind).toBe("nobody");
    expect(useOf([udp({ holders: [1] })]).kind).toBe("shares");
  });

  test("has it where somebody has the other protocol, which is said", () => {
    const host = facts();
    const use = portUse(
      { port: 631, protocol: "udp" },
      { facts: host, coverage: assess(host), sockets: [shared()], holderPid: undefined },
    );
    expect(use).toEqual({ kind: "elsewhere", users: [CUPSD] });
  });
});

describe("unknown", () => {
  test("is what cannot be seen: who has it, its flag, or that there is a process at all", () => {
    const unseen = { kind: "unknown", why: "permission denied", rootWould: true };
    expect(useOf([shared({ holders: REFUSED, sharing: REFUSED })])).toEqual(unseen);
    expect(useOf([shared({ sharing: REFUSED })])).toEqual(unseen);
    const none = shared({ holders: [], sharing: undefined });
    expect(useOf([none], { hidden: REFUSED })).toEqual(unseen);
    expect(useOf([none], { kernel: { seesEveryProcess: false } }).kind).toBe("unknown");
    expect(useOf([shared()], { socketsUnseen: REFUSED })).toEqual(unseen);
  });

  test("is not what is seen not to share, whatever else is not seen", () => {
    const sockets = [shared({ sharing: REFUSED }), shared({ address: "::", inode: 82, sharing: ALONE })];
    expect(useOf(sockets).kind).toBe("alone");
  });
});
