// What the holder is handed at its start: its own sockets in any state, and those of others, which it must not use.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { kept } from "./kept.ts";
import { holdFile, noHolder, scene } from "./scene.ts";

const FILE = holdFile("hold tcp 631", "block udp 623", "hold udp 631");
const STATES = ["hold tcp 631", "block udp 623", "hold udp 631"].map((port) => `${port}: held held null`);
const NAMES = ["tcp4-631", "tcp6-631", "udp4-623", "udp4-631", "udp6-623", "udp6-631"].map(
  (port) => `portreserve-${port}`,
);

/** A socket by its name in the store, and why it is closed. */
const NAME = "that is not its name";
const FOREIGN: readonly (readonly [string, string])[] = [
  ["cups.socket udp 0.0.0.0 631 reuse", NAME],
  ["stored tcp 0.0.0.0 631 reuse", NAME],
  ["portreserve-tcp4-632 tcp 0.0.0.0 631 reuse", NAME],
  ["portreserve-tcp6-631 tcp 0.0.0.0 631 reuse", NAME],
  ["portreserve-udp4-631 tcp 0.0.0.0 631 reuse", NAME],
  ["portreserve-tcp4-0631 tcp 0.0.0.0 631 reuse", NAME],
  ["portreserve-udp4-631 udp 0.0.0.0 631 reuse", "it would get what is meant for the owner"],
  ["portreserve-udp6-631 udp :: 631 reuse v6only on=lo", "it would get what is meant for the owner"],
  ["portreserve-udp4-623 udp 0.0.0.0 623", "it would keep what it gets"],
  ["portreserve-udp4-623 udp 0.0.0.0 623 nowhere", "it is bound to an interface"],
  ["portreserve-tcp4-631 tcp 0.0.0.0 631 reuse on=lo", "it is bound to an interface"],
  ["portreserve-tcp4-631 tcp 0.0.0.0 631 reuse listens", "it listens"],
  ["portreserve-tcp4-631 tcp 0.0.0.0 631 reuse reuseport", "it has SO_REUSEPORT"],
  ["portreserve-tcp6-631 tcp :: 631 reuse", "it is of IPv4 too"],
  ["portreserve-tcp4-631 tcp 127.0.0.1 631 reuse", "it is not bound at every address"],
  ["portreserve-tcp4-631 file", "it is neither of TCP nor of UDP"],
];
const closed = (socket: string, reason: string): string =>
  `portreserve-hold: error: the socket '${socket.split(" ")[0]}' that the service manager hands over is closed: ${reason}`;

describe.skipIf(noHolder !== undefined)(named("a socket that is handed to the holder", noHolder), () => {
  test("is closed, taken back and said where it differs from what was given; ports are held all the same", async () => {
    const rows = FOREIGN.map(([socket]) => `manager ${socket} ,; states; stored; left >/dev/null; echo`);
    const lines = await kept(`${rows.join("\n")}\nsaid`, { file: FILE });
    const each = [...STATES, ...NAMES, ""];
    expect(lines).toEqual([
      ...FOREIGN.flatMap(() => each),
      ...FOREIGN.map(([socket, reason]) => closed(socket, reason)),
    ]);
  });

  test("from an administrator's unit would get the owner's datagrams, and gets none", async () => {
    const owner = "s bind o udp 0.0.0.0 631 reuse; s bind c udp 0.0.0.0 0; s send c 20 127.0.0.1 631; is owner count o";
    const socket = "cups.socket udp 0.0.0.0 631 reuse";
    expect(await kept(`manager ${socket} ,; ${owner}`, { file: FILE })).toEqual(["owner: 20"]);
    const control = `s bind o udp 0.0.0.0 631 reuse; s bind h udp 0.0.0.0 631 reuse
s bind c udp 0.0.0.0 0; s send c 20 127.0.0.1 631; is owner count o`;
    expect(await scene(control)).toEqual(["owner: 0"]);
  });

  const TCP = "portreserve-tcp4-631 tcp 0.0.0.0 631 reuse";
  const tries = "is thief try tcp 0.0.0.0 631; is owner try tcp 0.0.0.0 631 reuse";

  test("is used where it is as it was given, and the other family is taken", async () => {
    const sockets = [
      TCP,
      "portreserve-udp6-631 udp :: 631 reuse v6only nowhere",
      "portreserve-udp4-623 udp 0.0.0.0 623 drop",
    ];
    const script = `manager ${sockets.join(" , ")} ,; states; stored; ${tries}; left; said`;
    const lines = await kept(script, { file: FILE });
    expect(lines).toEqual([...STATES, ...NAMES, "thief: EADDRINUSE", "owner: ok", "ended with 0"]);
  });

  test("twice is closed once, and the other one stays in the store", async () => {
    const script = `manager ${TCP} , ${TCP} ,; states; stored; ${tries}; left; said`;
    const lines = await kept(script, { file: holdFile("hold tcp 631") });
    expect(lines).toEqual([
      STATES[0],
      ...NAMES.slice(0, 2),
      ...["thief: EADDRINUSE", "owner: ok", "ended with 0", closed(TCP, "the port is there twice")],
    ]);
  });

  test.each([
    ["hold", "ok"],
    ["block", "EADDRINUSE"],
  ])("of both kinds for one port, as a kill leaves them, becomes a %s", async (kind, owner) => {
    const sockets = `${TCP} , portreserve-tcp6-631 tcp :: 631 v6only`;
    const script = `manager ${sockets} ,; states; stored; ${tries}
for round in 1 2; do is IPv6 try tcp :: 631 v6only reuse; done; left; said`;
    expect(await kept(script, { file: holdFile(`${kind} tcp 631`) })).toEqual([
      ...[`${kind} tcp 631: held held null`, ...NAMES.slice(0, 2), "thief: EADDRINUSE", `owner: ${owner}`],
      ...[`IPv6: ${owner}`, `IPv6: ${owner}`, "ended with 0"],
    ]);
  });

  test("counts only where it is said to be for this process", async () => {
    const script = `for environment in LISTEN_PID=1 LISTEN_PID= LISTEN_PID=x LISTEN_FDS=5; do
  LISTEN_FDS=1 LISTEN_FDNAMES=portreserve-tcp4-7 begin env $environment "$HOLD" --state "$STATE" --fdstore
  until_works is_ready; states; ended
done
begin sh -c 'exec env LISTEN_PID=$$ LISTEN_FDS=99999999999999999999 "$HOLD" --state "$0" --fdstore' "$STATE"
until_works is_ready; states; ended
said | grep -v "the socket ''" || echo "of what is open already nothing else is said"`;
    const lines = await scene(script, { file: holdFile("hold tcp 631") });
    expect(lines.slice(0, -1)).toEqual(Array.from({ length: 5 }, () => [STATES[0], "ended with 0"]).flat());
    expect(lines.at(-1)).toBe("of what is open already nothing else is said");
  });

  test("is not missed where there is no service manager, or one that does not answer, which is said once", async () => {
    const script = `begin "$HOLD" --state "$STATE" --fdstore; until_works is_ready; states; ended
begin env NOTIFY_SOCKET=@nobody "$HOLD" --state "$STATE" --fdstore; until_works is_ready; states; reload; ended; said`;
    expect(await scene(script, { file: holdFile("hold tcp 631") })).toEqual([
      ...[STATES[0], "ended with 0", STATES[0], "ended with 0"],
      "portreserve-hold: error: the service manager cannot be told what is held (ECONNREFUSED); it is held all the same while this process runs",
    ]);
  });
});
