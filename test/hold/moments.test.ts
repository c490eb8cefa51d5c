// Moments that native/model/holder.pml found: a file replaced while the holder starts, a block that has half become a hold, a
// port given up beside a socket of somebody else's, and no descriptor left to read the file with.
import { describe, expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { kept } from "./kept.ts";
import { holdFile, noHolder, scene } from "./scene.ts";

const noTrace = noHolder ?? skipReason("strace");

describe.skipIf(noTrace !== undefined)(named("a holder that is stopped or killed at a chosen call", noTrace), () => {
  test("has the file that took the place of the one it read at its start, though nobody told it", async () => {
    // It stops at its first bind(), which is after the reading and before there is a state to find it by.
    const script = `compiled 'hold tcp 631'
begin strace -D -qq -o "$SCRATCH/trace" -e trace=bind -e inject=bind:signal=STOP:when=1 "$HOLD" --state "$STATE"
until_works grep -qs 'stopped by SIGSTOP' "$SCRATCH/trace"; [ -e "$STATE" ] || echo "no state"
REPLACED
kill -CONT $HOLDER; is_read() { grep -qs '"port":PORT,' "$STATE"; }; until_works is_read; states`;
    const replaced = script.replace("REPLACED", "compiled 'hold tcp 700'").replace("PORT", "700");
    expect(await scene(replaced)).toEqual(["no state", "hold tcp 700: held held null"]);
    // The control: it is the file of the start that is read first.
    expect(await scene(script.replace("REPLACED", "true").replace("PORT", "631"))).toEqual([
      "no state",
      "hold tcp 631: held held null",
    ]);
  });

  test("frees no port of UDP that was a block and becomes a hold, at whatever call it is killed", async () => {
    // The first one is of the message that it reloads; two for each address family follow. No other socket may take a
    // socket's place either, which a thief that comes between them would not always see.
    const ports = [601, 602, 603, 604, 605];
    const file = holdFile(...ports.map((port) => `block udp ${port}`));
    const script = `manager
sockets() { awk -v port=":$(printf %04X 60$n)$" '$2 ~ port { print $10 }' /proc/net/udp /proc/net/udp6 | xargs; }
for n in 1 2 3 4 5; do before=$(sockets)
  echo "storm udp 0.0.0.0 60$n $SCRATCH/stop$n" | "$SOCKETS" >"$SCRATCH/got$n" &
  strace -qq -o "$SCRATCH/trace$n" -e trace=setsockopt -e inject=setsockopt:signal=KILL:when=$n -p $HOLDER &
  until_works grep -q 'TracerPid:.[1-9]' /proc/$HOLDER/status
  sed -i "s/block udp 60$n/hold udp 60$n/" /etc/portreserve.hold; kill -HUP $HOLDER; again
  touch "$SCRATCH/stop$n"; until_works test -s "$SCRATCH/got$n"; echo "$(grep -c 'killed by' "$SCRATCH/trace$n"), $(cat "$SCRATCH/got$n")"
  [ $(echo $before | wc -w) = 2 ] && [ "$(sockets)" = "$before" ] || echo "others: $before, $(sockets)"
done; states; left; said`;
    expect(await kept(script, { file })).toEqual([
      ...ports.map(() => "1, 0"),
      ...ports.map((port) => `hold udp ${port}: held held null`),
      "ended with 0",
    ]);
  });
});

describe.skipIf(noHolder !== undefined)(named("a holder", noHolder), () => {
  test("lets go a port that the manager still has, also where it was handed a socket of somebody else's", async () => {
    const ours = "portreserve-tcp4-631 tcp 0.0.0.0 631 reuse ,";
    const theirs = "cups.socket udp 0.0.0.0 700 reuse ,";
    const script = (file: string): string =>
      `compiled '${file}'; manager ${ours} ${theirs}; is thief try tcp 0.0.0.0 631; stored; left`;
    expect(await kept(script("hold tcp 7"))).toEqual([
      ...["thief: ok", "portreserve-tcp4-7", "portreserve-tcp6-7", "ended with 0"],
    ]);
    // The control: it is kept where the file has it.
    expect(await kept(script("hold tcp 631"))).toEqual([
      ...["thief: EADDRINUSE", "portreserve-tcp4-631", "portreserve-tcp6-631", "ended with 0"],
    ]);
  });

  test("with more ports than descriptors reads the next file all the same, and says which it cannot hold", async () => {
    const lines = await scene(
      `ulimit -n 30; compiled $(seq -f 'hold_tcp_%g' 600 619); sed -i 's/_/ /g' /etc/portreserve.hold
begin setpriv --bounding-set -sys_resource "$HOLD" --state "$STATE"; until_works is_ready
[ "$(states | grep -c 'held held')" -gt 5 ] && states | tail -n 1
compiled 'hold tcp 700'; reload; states; is old try tcp 0.0.0.0 600`,
    );
    expect(lines).toEqual(["hold tcp 619: refused refused EMFILE", ...["hold tcp 700: held held null", "old: ok"]]);
  });
});
