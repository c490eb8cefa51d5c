// What is hinted at around held ports, and what the proof of them comes to.
import { describe, expect, test } from "vitest";
import { bindsOf, judgeBinds } from "../../src/commands/verify/hold-proof.ts";
import { assess } from "../../src/coverage/assess.ts";
import type { UnitFacts } from "../../src/coverage/unit-facts.ts";
import { type Change, facts, process, reservation, running, socket, unit } from "./coverage-facts.ts";
import { has, held, holder, its, REFUSES, runs } from "./coverage-held.ts";

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
