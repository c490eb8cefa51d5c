// Ports outlive the holder where the service manager keeps its sockets: killed, ended, started again with another file, and
// handed what is none of its own. Each "never free" stands beside a holder that gives nothing, whose ports are.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { FULL } from "../support/full.ts";
import { kept } from "./kept.ts";
import { bothWereHad, COUNT, holdFile, noHolder, numbers, STORM } from "./scene.ts";

const BOTH = ["hold tcp 631", "hold udp 631"];
const HELD = BOTH.map((port) => `${port}: held held null`);

const ROUNDS = FULL ? 200 : 20;

describe.skipIf(noHolder !== undefined)(named("a holder whose sockets the service manager keeps", noHolder), () => {
  describe("is killed and told to end in turn under loops on bind()", () => {
    let rounds = ROUNDS;
    const ends = (isEnough: string): string => `manager; ${STORM}
i=0; until ${isEnough}; do
  i=$((i + 1)); [ $((i % 2)) = 0 ] && signal=TERM || signal=KILL; kill -$signal "$HOLDER"; again
done
${COUNT}`;

    // First, since it finds out how many turns it takes.
    test("and every port is free now and then where they are not kept (control)", async () => {
      const script = `STORE=; ${ends(bothWereHad(ROUNDS))}; echo "rounds: $i"; left`;
      const found = numbers(await kept(script, { file: holdFile(...BOTH) }));
      expect(found.tcp).toBeGreaterThan(0);
      expect(found.udp).toBeGreaterThan(0);
      if (Number(found.rounds) > ROUNDS) rounds = 5 * Number(found.rounds);
    });

    test.each(["hold", "block"])("and no port that it has to %s is ever free", async (kind) => {
      const script = `${ends(`[ $i = ${rounds} ]`)}; states; left`;
      const lines = await kept(script, { file: holdFile(`${kind} tcp 631`, `${kind} udp 631`) });
      const held = HELD.map((line) => line.replace("hold", kind));
      expect(lines).toEqual(["tcp: 0", "udp: 0", ...held, "ended with 0"]);
    });
  });

  test("is killed at any moment of a reload, and what is in both files is never free", async () => {
    const etc = {
      a: holdFile("block tcp 630", ...BOTH, "hold tcp 632", "hold udp 632"),
      b: holdFile("hold tcp 630", ...BOTH, "block udp 632", "hold tcp 700"),
    };
    const script = `cp /etc/a /etc/portreserve.hold; manager; ${STORM}
for i in $(seq ${ROUNDS}); do
  [ $((i % 2)) = 0 ] && from=a || from=b
  cp /etc/$from /etc/next; mv /etc/next /etc/portreserve.hold
  kill -HUP "$HOLDER"; sleep "0.00$((i * 7 % 10))"; kill -9 "$HOLDER"; again
done
cp /etc/a /etc/portreserve.hold; reload; ${COUNT}; states; stored | wc -l; left`;
    const lines = await kept(script, { etc });
    const states = ["block tcp 630", "hold tcp 631", "hold tcp 632", "hold udp 631", "hold udp 632"];
    const all = states.map((port) => `${port}: held held null`);
    expect(lines).toEqual(["tcp: 0", "udp: 0", ...all, "10", "ended with 0"]);
  });

  test("gives each socket under a name of its own, and takes back what it lets go", async () => {
    const lines = await kept(
      `manager; stored; compiled 'hold tcp 631' 'block udp 623' 'hold udp 7'; reload; echo; stored; states; left; said`,
      { file: holdFile(...BOTH, "block udp 623") },
    );
    const names = (...ports: readonly string[]): string[] => ports.map((port) => `portreserve-${port}`);
    expect(lines).toEqual([
      ...names("tcp4-631", "tcp6-631", "udp4-623", "udp4-631", "udp6-623", "udp6-631"),
      "",
      ...names("tcp4-631", "tcp6-631", "udp4-623", "udp4-7", "udp6-623", "udp6-7"),
      ...["hold tcp 631", "hold udp 7", "block udp 623"].map((port) => `${port}: held held null`),
      "ended with 0",
    ]);
  });

  test("lets go at its next start what the file has no more by then", async () => {
    const script = `manager; compiled 'hold tcp 7'; kill -9 "$HOLDER"; again; states; stored
for protocol in tcp udp; do is $protocol try $protocol 0.0.0.0 631; done; is new try tcp 0.0.0.0 7; left; said`;
    const lines = await kept(script, { file: holdFile(...BOTH) });
    const names = ["portreserve-tcp4-7", "portreserve-tcp6-7"];
    expect(lines).toEqual([
      ...["hold tcp 7: held held null", ...names],
      ...["tcp: ok", "udp: ok", "new: EADDRINUSE", "ended with 0"],
    ]);
  });

  test("keeps all of them while its file is refused", async () => {
    const script = `manager; echo >>/etc/portreserve.hold; kill -9 "$HOLDER"; again; states; stored | wc -l
is thief try tcp 0.0.0.0 631; compiled 'hold tcp 7'; reload; states; is thief try tcp 0.0.0.0 631; left; said`;
    expect(await kept(script, { file: holdFile(...BOTH) })).toEqual([
      ...HELD,
      ...["4", "thief: EADDRINUSE", "hold tcp 7: held held null", "thief: ok", "ended with 0"],
      "portreserve-hold: error: '/etc/portreserve.hold' is refused: line 4: something comes after the end; what was held is still held",
    ]);
  });

  test("is none of an owner's business: that serves, stops and starts, and has its datagrams", async () => {
    const script = `manager; s bind o tcp :: 631 reuse; s listen o; s bind u udp 0.0.0.0 631 reuse
kill -9 "$HOLDER"; again; states
is client connect c tcp 127.0.0.1 631; is owner accept a o; s close a; s reset c; s close o
is thief try tcp 0.0.0.0 631; is back bind o tcp :: 631 reuse; is back listen o
s bind d udp 0.0.0.0 0; s send d 20 127.0.0.1 631; is datagrams count u; left; said`;
    expect(await kept(script, { file: holdFile(...BOTH) })).toEqual([
      ...["hold tcp 631: beside beside null", HELD[1], "client: ok", "owner: ok"],
      ...["thief: EADDRINUSE", "back: ok", "back: ok", "datagrams: 20", "ended with 0"],
    ]);
  });

  test("keeps its place behind a thief, does not say that it holds, and has the port once the thief leaves", async () => {
    const script = `s bind t tcp 0.0.0.0 631; manager; states; kill -9 "$HOLDER"; again; states; stored | wc -l
s close t; is next try tcp 0.0.0.0 631; held() { states | grep -q 'tcp 631: held held'; }; until_works held; left`;
    const refused = "hold tcp 631: refused held EADDRINUSE";
    expect(await kept(script, { file: holdFile("hold tcp 631") })).toEqual([
      ...[refused, refused, "2", "next: EADDRINUSE", "ended with 0"],
    ]);
  });

  test("does as its file says where a port changes its kind between two starts", async () => {
    const tries = `for protocol in tcp udp; do
  is "$protocol thief" try $protocol 0.0.0.0 631; is "$protocol owner" try $protocol :: 631 reuse
done`;
    const script = `manager; compiled 'block tcp 631' 'block udp 631'; kill -9 "$HOLDER"; again; states; ${tries}
compiled 'hold tcp 631' 'hold udp 631'; kill -9 "$HOLDER"; again; states; ${tries}; stored | wc -l; left; said`;
    const asked = (owner: string): string[] =>
      ["tcp", "udp"].flatMap((protocol) => [`${protocol} thief: EADDRINUSE`, `${protocol} owner: ${owner}`]);
    const blocked = HELD.map((line) => line.replace("hold", "block"));
    expect(await kept(script, { file: holdFile(...BOTH) })).toEqual([
      ...[...blocked, ...asked("EADDRINUSE"), ...HELD, ...asked("ok"), "4", "ended with 0"],
    ]);
  });

  test.each([
    ["honest", "held held null"],
    ["hasty", "refused refused EADDRINUSE"],
  ])(
    "waits until a slow manager has let go of a hold before it makes it a block; that of an %s one: %s",
    async (slow, state) => {
      const script = `manager; compiled 'block tcp 631'; reload; states; kill -9 $MANAGER; kill $HOLDER`;
      const lines = await kept(script, { file: holdFile("hold tcp 631"), environment: { KEEP_SLOW: slow } });
      expect(lines).toEqual([`block tcp 631: ${state}`]);
    },
  );

  test("has 500 ports back after it was killed, and they were never free", async () => {
    const ports = Array.from({ length: 250 }, (_, index) => [`hold tcp ${501 + index}`, `hold udp ${501 + index}`]);
    const script = `ulimit -n 4096; manager; ${STORM}; kill -9 "$HOLDER"; again; states | grep -c 'held held'
stored | wc -l; ${COUNT}; left; said`;
    const lines = await kept(script, { file: holdFile(...ports.flat()) });
    expect(lines).toEqual(["500", "1000", "tcp: 0", "udp: 0", "ended with 0"]);
  });

  test("gives no more sockets than half as many as a process may have from the start, and says what it needs", async () => {
    const ports = Array.from({ length: 40 }, (_, index) => `hold tcp ${600 + index}`);
    const script = `ulimit -Sn 100; manager; states | grep -c 'held held'; stored | wc -l
kill -9 "$HOLDER"; again; states | grep -c 'held held'; is thief try tcp 0.0.0.0 600; left; said`;
    const error =
      "portreserve-hold: error: this process may have too few descriptors for the service manager to hand over all " +
      "sockets at its next start, so some of them are not stored: the service needs LimitNOFILE=16384";
    expect(await kept(script, { file: holdFile(...ports) })).toEqual([
      ...["40", "50", "40", "thief: EADDRINUSE", "ended with 0", error, error],
    ]);
  });

  test(`reloads ${FULL ? 10_000 : 100} times, and neither it nor its manager has a descriptor more`, async () => {
    const etc = {
      a: holdFile("block tcp 600", "hold tcp 631", "hold tcp 700", "hold udp 631", "block udp 623"),
      b: holdFile("hold tcp 600", "hold tcp 631", "block tcp 701", "hold udp 631", "hold udp 623"),
    };
    const script = `fds() { ls /proc/$HOLDER/fd /proc/$MANAGER/fd | grep -c '^[0-9]'; }
cp /etc/a /etc/portreserve.hold; manager; first=$(fds)
i=0; while [ $i -lt ${FULL ? 5_000 : 50} ]; do i=$((i + 1)); for from in b a; do
  cp /etc/$from /etc/next; mv /etc/next /etc/portreserve.hold; rm "$SCRATCH/kept"; kill -HUP "$HOLDER"
  while [ ! -e "$SCRATCH/kept" ]; do :; done
done; done
[ "$(fds)" = "$first" ] && echo "the same"; stored | wc -l; left; said`;
    expect(await kept(script, { etc })).toEqual(["the same", "10", "ended with 0"]);
  });
});
