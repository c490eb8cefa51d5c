// SIGHUP: what is in both files is never let go, what is new is there before the old goes, and nothing is left over however
// often. And what the service manager hears of it.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { FULL } from "../support/full.ts";
import { bothWereHad, COUNT, holdFile, noHolder, numbers, STORM, scene } from "./scene.ts";

const environment = { SUPERVISE: compileC("test/hold/supervise.c") };
const supervise = '"$SUPERVISE"';
const RELOADS = FULL ? 10_000 : 500;

describe.skipIf(noHolder !== undefined)(named("reloading", noHolder), () => {
  const ports = (from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_, index) => [`hold tcp ${from + index}`, `hold udp ${from + index}`]).flat();

  test(`${RELOADS} times leaves no descriptor behind`, async () => {
    const etc = {
      a: holdFile("block tcp 600", "hold tcp 631", "hold tcp 700", "hold udp 631", "block udp 623"),
      b: holdFile("hold tcp 600", "hold tcp 631", "block tcp 701", "hold udp 631", "hold udp 623"),
    };
    const script = `${supervise} "$SCRATCH/notify" ${RELOADS} "$HOLD" --state "$STATE" 2>/dev/null`;
    const lines = await scene(script, { etc, environment });
    const [, first, last] = /^descriptors (\d+) (\d+)$/.exec(lines.at(-2) ?? "") ?? [];
    // Five ports in two families, the lock, and three that it was started with; the shell's two come with it.
    expect({ first, last, ended: lines.at(-1) }).toEqual({ first: "16", last: "16", ended: "ended 0" });
  });

  const a = holdFile(...ports(620, 640), ...ports(700, 720));
  const b = holdFile(...ports(630, 660));

  let reloads = FULL ? 200 : 50;

  // First, since it finds out how many turns it takes.
  test("where the holder is started again instead, loops on bind() get the port (control)", async () => {
    const script = `compiled 'hold tcp 631' 'hold udp 631'; holder; ${STORM}
i=0; until ${bothWereHad(50)}; do i=$((i + 1)); kill "$HOLDER"; wait "$HOLDER"; holder; done
${COUNT}; echo "turns: $i"`;
    const found = numbers(await scene(script));
    expect(found.tcp).toBeGreaterThan(0);
    expect(found.udp).toBeGreaterThan(0);
    if (Number(found.turns) > 50) reloads = 5 * Number(found.turns);
  });

  test("under the same loops never frees a port that is in both files", async () => {
    const script = `compiled 'hold tcp 631' 'hold udp 631'; holder; ${STORM}
cp /etc/portreserve.hold /etc/last; for i in $(seq ${reloads}); do cp /etc/a /etc/next; mv /etc/next /etc/portreserve.hold; reload
cp /etc/b /etc/next; mv /etc/next /etc/portreserve.hold; reload; done
${COUNT}`;
    const etc = { a, b };
    expect(await scene(script, { etc })).toEqual(["tcp: 0", "udp: 0"]);
  });

  test("moves all ports to others, more than there may be descriptors for at once", async () => {
    const lines = await scene(
      `ulimit -n 100; compiled $(seq -f 'hold_tcp_%g' 600 619); sed -i 's/_/ /g' /etc/portreserve.hold
begin setpriv --bounding-set -sys_resource "$HOLD" --state "$STATE"; until_works is_ready; states | grep -c 'held held'
compiled $(seq -f 'hold_tcp_%g' 700 739); sed -i 's/_/ /g' /etc/portreserve.hold
reload; states | grep -c 'held held'; is old try tcp 0.0.0.0 600; is new try tcp 0.0.0.0 739`,
    );
    expect(lines).toEqual(["20", "40", "old: ok", "new: EADDRINUSE"]);
  });

  test.each(["$SCRATCH/notify", "@portreserve-test"])(
    "is told to the service manager at %s, in order",
    async (address) => {
      const file = holdFile("hold tcp 631", "block udp 623");
      const lines = await scene(`${supervise} "${address}" 2 "$HOLD" --state "$STATE" 2>/dev/null`, {
        file,
        environment,
      });
      const ready = "READY=1|STATUS=2 of 2 ports are held";
      const reloading = expect.stringMatching(/^RELOADING=1\|MONOTONIC_USEC=\d{6,}$/);
      expect(lines).toEqual([
        ready,
        ...[reloading, ready, reloading, ready],
        expect.stringMatching(/^descriptors /),
        "STOPPING=1|STATUS=no port is held any more",
        "ended 0",
      ]);
    },
  );

  test("of a file that is refused, and ports that are, is told too", async () => {
    const etc = { a: holdFile("hold tcp 631", "hold tcp 632"), b: "portreserve-hold 1\nhold" };
    const script = `s bind t tcp 127.0.0.1 632; ${supervise} @portreserve-test 1 "$HOLD" --state "$STATE" 2>/dev/null`;
    const lines = await scene(script, { etc, environment });
    // It may see the new file before it is told of it, and then says so twice.
    expect([...new Set(lines.filter((line) => line.startsWith("READY")))]).toEqual([
      "READY=1|STATUS=1 of 2 ports are held",
      "READY=1|STATUS=1 of 2 ports are held; /etc/portreserve.hold is refused: line 2: the line begins with neither hold, block nor end",
    ]);
  });

  test("is not held up by a service manager that is gone or is none", async () => {
    const lines = await scene(
      `for address in /nonexistent/notify @nobody relative vsock:2:1 / @ $(printf '/%0200d' 0); do
  begin env NOTIFY_SOCKET=$address "$HOLD" --state "$STATE"; until_works is_ready; states; ended
done; said`,
      { file: holdFile("hold tcp 631") },
    );
    expect(lines).toEqual(Array.from({ length: 7 }, () => ["hold tcp 631: held held null", "ended with 0"]).flat());
  });
});
