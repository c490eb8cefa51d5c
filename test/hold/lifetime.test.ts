// What happens to a held port while owner, thief and holder come and go: the holder killed and back, beside an owner that listens,
// behind a thief, without the right to that, and when a port changes its kind.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { holdFile, noHolder, scene } from "./scene.ts";

const file = holdFile("hold tcp 631", "hold udp 631");
const HELD = ["hold tcp 631: held held null", "hold udp 631: held held null"];
const BESIDE = ["hold tcp 631: beside held null", "hold udp 631: held held null"];

/** Ends the holder as nothing else can; what it said stays where it was. */
const KILL = 'kill -9 "$HOLDER"; wait "$HOLDER" 2>/dev/null';
const UNLESS_ADMIN =
  'holder() { begin setpriv --bounding-set -net_admin "$HOLD" --state "$STATE"; until_works is_ready; }\n';
const OWNER = "s bind o tcp 0.0.0.0 631 reuse; s listen o; s bind u udp 0.0.0.0 631 reuse";
const SERVES = "is client connect c tcp 127.0.0.1 631; is owner accept a o; s close a; s reset c";
const BACK = `s close o; is thief try tcp 0.0.0.0 631; is back bind o tcp 0.0.0.0 631 reuse; is back listen o; ${SERVES}`;
const AGAIN = ["client: ok", "owner: ok"];
const INTACT = [...AGAIN, "thief: EADDRINUSE", "back: ok", "back: ok", ...AGAIN];

describe.skipIf(noHolder !== undefined)(named("a holder that is killed", noHolder), () => {
  test("while the owner is down comes back and holds; between the two a thief gets in (control)", async () => {
    const lines = await scene(
      `holder; ${KILL}; is between try tcp 0.0.0.0 631; holder; states; is thief try tcp 0.0.0.0 631`,
      { file },
    );
    expect(lines).toEqual(["between: ok", ...HELD, "thief: EADDRINUSE"]);
  });

  test("while the owner is up comes back beside it; the owner notices nothing, and stops and starts as before", async () => {
    const lines = await scene(`holder; ${OWNER}; ${KILL}; holder; states; ${SERVES}; ${BACK}; said`, { file });
    expect(lines).toEqual([...BESIDE, ...INTACT]);
  });

  test("while the owner is between bind() and listen() comes back and holds; the owner goes on", async () => {
    const lines = await scene(
      `holder; s bind o tcp 0.0.0.0 631 reuse; ${KILL}; holder; states; is listens listen o; ${SERVES}; ${BACK}`,
      { file },
    );
    expect(lines).toEqual([...HELD, "listens: ok", ...INTACT]);
  });

  test("leaves a state that names a process which is gone, or another one's start", async () => {
    const lines = await scene(
      `holder; field() { sed 's/.*) //' /proc/"$1"/stat | cut -d' ' -f20; }
now=$(field "$HOLDER"); grep -c "\\"startTime\\":$now," "$STATE"
${KILL}; [ -e /proc/$HOLDER ] || echo gone; grep -c "\\"pid\\":$HOLDER," "$STATE"`,
      { file },
    );
    expect(lines).toEqual(["1", "gone", "1"]);
  });
});

describe.skipIf(noHolder !== undefined)(named("a holder that is started", noHolder), () => {
  test.each(["0.0.0.0", "127.0.0.1", "::", "::1"])(
    "beside an owner that listens on %s holds every address, and it serves and comes back",
    async (address) => {
      const client = address === "::1" ? "::1" : "127.0.0.1";
      const serves = SERVES.replace("127.0.0.1", client);
      const lines = await scene(
        `s bind o tcp ${address} 631 reuse; s listen o; holder; states; ${serves}
s close o; is IPv4 try tcp 0.0.0.0 631; is IPv6 try tcp ::1 631; is port try tcp 0.0.0.0 631 reuseport
is back bind o tcp ${address} 631 reuse; is back listen o; ${serves}; said`,
        { file: holdFile("hold tcp 631") },
      );
      // What listens in one family only is in the way of that one.
      const families = {
        "0.0.0.0": "beside held",
        "127.0.0.1": "beside held",
        "::": "beside beside",
        "::1": "held beside",
      };
      const thieves = ["IPv4: EADDRINUSE", "IPv6: EADDRINUSE", "port: EADDRINUSE"];
      const shown = families[address as keyof typeof families];
      expect(lines).toEqual([`hold tcp 631: ${shown} null`, ...AGAIN, ...thieves, "back: ok", "back: ok", ...AGAIN]);
    },
  );

  test("without CAP_NET_ADMIN beside an owner that listens is refused, and has the port once it stops", async () => {
    const lines = await scene(
      `${UNLESS_ADMIN}${OWNER}; holder; states; ${SERVES}
s close o; held() { states | grep -q 'tcp 631: held held'; }; until_works held; states
is thief try tcp 0.0.0.0 631; ${OWNER}; ${SERVES}; said`,
      { file },
    );
    expect(lines).toEqual([
      "hold tcp 631: refused held EPERM",
      HELD[1],
      ...AGAIN,
      ...HELD,
      "thief: EADDRINUSE",
      ...AGAIN,
      "portreserve-hold: error: tcp 631 is refused over IPv4 (EPERM): trying again every two seconds",
      "portreserve-hold: tcp 631 is held over IPv6",
      "portreserve-hold: tcp 631 is held over IPv4",
      "portreserve-hold: tcp 631 is held over IPv6",
    ]);
  });

  const THIEF = "s bind t tcp 0.0.0.0 631; s bind v udp 0.0.0.0 631";
  const REFUSED = ["hold tcp 631: refused held EADDRINUSE", "hold udp 631: refused held EADDRINUSE"];
  const LEAVES = `holder; states
is owner try tcp 0.0.0.0 631 reuse
s close t; s close v; is next try tcp 0.0.0.0 631
all() { [ "$(states | grep -c ': held held')" = 2 ]; }; until_works all; states
is thief try tcp 0.0.0.0 631; is thief try udp 0.0.0.0 631; is owner bind o tcp 0.0.0.0 631 reuse; is owner listen o`;

  test("behind a thief is refused, and has the port once it leaves; of TCP nobody can come in between", async () => {
    const lines = await scene(`${THIEF}; ${LEAVES}`, { file });
    expect(lines).toEqual([
      ...REFUSED,
      "owner: EADDRINUSE",
      "next: EADDRINUSE",
      ...HELD,
      ...["thief: EADDRINUSE", "thief: EADDRINUSE", "owner: ok", "owner: ok"],
    ]);
  });

  test("behind a thief without CAP_NET_ADMIN is refused too, and another thief can come in between", async () => {
    const lines = await scene(`${UNLESS_ADMIN}${THIEF}; ${LEAVES}`, { file });
    expect(lines.slice(0, 4)).toEqual([...REFUSED, "owner: EADDRINUSE", "next: ok"]);
    expect(lines.slice(4, 6)).toEqual(HELD);
  });

  test("behind a thief that is connected is refused until that ends, and nobody can come in between", async () => {
    const lines = await scene(
      `s bind l tcp 127.0.0.1 4000; s listen l
s bind t tcp 127.0.0.1 631; is connected join t 127.0.0.1 4000; holder; states
s reset t; is next try tcp 0.0.0.0 631; held() { states | grep -q 'tcp 631: held held'; }; until_works held; states`,
      { file: holdFile("hold tcp 631") },
    );
    const shown = ["connected: ok", "hold tcp 631: refused held EADDRINUSE", "next: EADDRINUSE", HELD[0]];
    expect(lines).toEqual(shown);
  });

  test("without CAP_NET_BIND_SERVICE says so, and what to do; and never that something is held", async () => {
    const lines = await scene(
      `for state in "$STATE" /dev/null/hold.json; do
  setpriv --bounding-set -net_bind_service "$HOLD" --state "$state" 2>&1; echo "($?)"
done; [ -e "$STATE" ] || echo no state`,
      { file },
    );
    const needs = [
      "portreserve-hold: error: this needs CAP_NET_BIND_SERVICE, so nothing is held: run it as root, or as the service 'portreserve-hold'",
      "(1)",
    ];
    const cannot =
      "portreserve-hold: error: cannot lock '/dev/null/hold.json': ENOTDIR; what is held does not depend on it";
    expect(lines).toEqual([...needs, cannot, ...needs, "no state"]);
  });

  test("a second time beside the first ends, and the first goes on", async () => {
    const lines = await scene(
      `holder; "$HOLD" --state "$STATE" 2>&1 | sed "s|$SCRATCH||"; states; is thief try tcp 0.0.0.0 631
${KILL}; holder; states`,
      { file },
    );
    const taken = "portreserve-hold: error: another portreserve-hold is running, and has the lock '/hold.json.lock'";
    expect(lines).toEqual([taken, ...HELD, "thief: EADDRINUSE", ...HELD]);
  });

  test("where its state cannot be written holds all the same, and leaves none that is old", async () => {
    const lines = await scene(
      `mkdir "$SCRATCH/d"; STATE=$SCRATCH/d/hold.json; holder; mkdir "$SCRATCH/d/hold.json.new"; compiled 'hold tcp 7'
kill -HUP "$HOLDER"; free() { s try tcp 0.0.0.0 631; [ "$answer" = ok ]; }; until_works free
is thief try tcp 0.0.0.0 7; [ -e "$STATE" ] || echo no state; said | sed "s|$SCRATCH||"`,
      { file },
    );
    expect(lines).toEqual([
      "thief: EADDRINUSE",
      "no state",
      expect.stringMatching(
        /^portreserve-hold: error: cannot write '\/d\/hold\.json': EEXIST; what is held does not depend on it$/,
      ),
    ]);
  });
});

/** What somebody else has put in the place of a state that is being written, and how the old way of opening that ends. */
const PUT: readonly (readonly [string, string, string])[] = [
  ["a FIFO, which would be waited for", 'mkfifo "$STATE.new"', "124"],
  ["another name of a file, which would be written to", 'ln "$SCRATCH/kept" "$STATE.new"', "0 and kept is empty"],
  ["a link", 'ln -s "$SCRATCH/kept" "$STATE.new"', "0 and kept is empty"],
];

describe.skipIf(noHolder !== undefined)(named("the place of the new state", noHolder), () => {
  test.each(PUT)("has %s: it goes, and nothing else is touched", async (_, put, old) => {
    const lines = await scene(
      `echo kept >"$SCRATCH/kept"; ${put}
holder; states; cat "$SCRATCH/kept"; [ -e "$STATE.new" ] || echo gone; ended; ${put}
timeout 1 sh -c 'echo >"$1"' sh "$STATE.new" && status=0 || status=$?
[ "$(cat "$SCRATCH/kept")" ] || status="$status and kept is empty"; echo "control: $status"`,
      { file: holdFile("hold tcp 631") },
    );
    expect(lines).toEqual([HELD[0], "kept", "gone", "ended with 0", `control: ${old}`]);
  });
});

describe.skipIf(noHolder !== undefined)(named("a port whose kind changes", noHolder), () => {
  test("is a hold, a block, and a hold again, for thief and owner", async () => {
    const tries = `for protocol in tcp udp; do
  is "$protocol thief" try $protocol 0.0.0.0 631; is "$protocol owner" try $protocol :: 631 reuse
done`;
    const lines = await scene(
      `holder; states; ${tries}
compiled 'block tcp 631' 'block udp 631'; reload; states; ${tries}
compiled 'hold tcp 631' 'hold udp 631'; reload; states; ${tries}
s bind o udp 0.0.0.0 631 reuse; s bind c udp 0.0.0.0 0; s send c 20 127.0.0.1 631; is datagrams count o; said`,
      { file },
    );
    const asked = (owner: string): string[] =>
      ["tcp", "udp"].flatMap((protocol) => [`${protocol} thief: EADDRINUSE`, `${protocol} owner: ${owner}`]);
    const blocked = HELD.map((line) => line.replace("hold", "block"));
    expect(lines).toEqual([
      ...HELD,
      ...asked("ok"),
      ...blocked,
      ...asked("EADDRINUSE"),
      ...HELD,
      ...asked("ok"),
      "datagrams: 20",
    ]);
  });

  test("cannot be blocked while its owner has it, and is once that is gone", async () => {
    const lines = await scene(
      `holder; ${OWNER}; compiled 'block tcp 631' 'block udp 631'; reload; states; ${SERVES}
s close o; s close u; all() { [ "$(states | grep -c ': held held')" = 2 ]; }; until_works all; states
is owner try tcp 0.0.0.0 631 reuse`,
      { file },
    );
    expect(lines).toEqual([
      "block tcp 631: refused held EADDRINUSE",
      "block udp 631: refused held EADDRINUSE",
      ...AGAIN,
      "block tcp 631: held held null",
      "block udp 631: held held null",
      "owner: EADDRINUSE",
    ]);
  });
});
