// How many ports are left to hand out.
import { describe, expect, test } from "vitest";
import { assess } from "../../src/coverage/assess.ts";
import { type Change, facts, socket } from "./coverage-facts.ts";

describe("the ports that are left to hand out", () => {
  const ended = (count: number): Change => ({
    sockets: Array.from({ length: count }, (_, at) =>
      socket({ port: 512 + at, state: "ended", inode: 0, holders: [] }),
    ),
    reservations: [],
    setup: { table: { ...facts().setup.table, tcp: [], udp: [] } },
  });
  const exhausted = (change: Change): string[] =>
    assess(facts(change))
      .hints.filter(({ id }) => id === "exhausted")
      .map(({ message }) => message);

  test("are counted for each protocol, without reserved and taken ones", () => {
    const table = { ...facts().setup.table, tcp: [600, 511], udp: [] };
    expect(assess(facts({ ...ended(10), setup: { table } })).portsLeft).toEqual({ tcp: 501, udp: 512 });
    const unseen = { socketsUnseen: { unseen: "the kernel does not list them", rootWould: false } };
    expect(assess(facts({ ...ended(10), ...unseen })).portsLeft).toBeUndefined();
  });

  test("are worth a hint where they are few, and not before (the control)", () => {
    expect(exhausted(ended(480))).toEqual([]);
    expect(exhausted(ended(511))).toEqual([
      "only 1 tcp port is left to hand out, 511 of the others until the kernel forgets connections that ended",
    ]);
    expect(exhausted(ended(512))).toEqual([
      "no tcp ports are left to hand out, 512 of the others until the kernel forgets connections that ended",
    ]);
  });
});
