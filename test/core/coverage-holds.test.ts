// Held ports: what counts as held, and what is said of one that is not.
import { describe, expect, test } from "vitest";
import { assess } from "../../src/coverage/assess.ts";
import { type Change, cupsd, process, REFUSED, socket } from "./coverage-facts.ts";
import {
  first,
  HOLDER,
  has,
  held,
  holder,
  its,
  kept,
  REFUSES,
  runs,
  stranger,
  to,
  told,
  verdictOn,
} from "./coverage-held.ts";

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
