// What the holder needs while it holds: memory, wake-ups, an address family and an option of the kernel's.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { compileC } from "../support/compile-c.ts";
import { holdFile, noHolder, numbers, scene } from "./scene.ts";

const environment = { SUPERVISE: compileC("test/hold/supervise.c"), WITHOUT: compileC("test/hold/without.c") };

describe.skipIf(noHolder !== undefined)(named("the holder at work", noHolder), () => {
  const file = holdFile(
    ...["tcp", "udp"].flatMap((protocol) =>
      Array.from({ length: 512 }, (_, index) => `hold ${protocol} ${512 + index}`),
    ),
  );

  test("has 512 ports of both protocols in at most 1 MiB, and then sleeps", async () => {
    const lines = await scene(
      `holder; states | grep -c 'held held'
sed -n 's/^VmRSS:[ \\t]*\\([0-9]*\\) kB/rss: \\1/p' /proc/$HOLDER/status
switches() { awk '/ctxt_switches/ { sum += $2 } END { print sum }' /proc/$HOLDER/status; }
sleep 0.2; before=$(switches); sleep 1; echo "woken: $(($(switches) - before))"
kill -HUP "$HOLDER"; sleep 0.2; echo "control: $(($(switches) - before))"
"$SUPERVISE" @portreserve-test 0 "$HOLD" --state "$SCRATCH/other.json" 2>&1 >/dev/null`,
      { file, environment },
    );
    const { rss, woken, control } = numbers(lines);
    expect(lines[0]).toBe("1024");
    expect(rss).toBeLessThanOrEqual(1024);
    expect(rss).toBeGreaterThan(0);
    expect(woken).toBe(0);
    expect(control).toBeGreaterThan(0);
    expect(lines.at(-1)).toMatch(/^ready after \d+ us$/);
  });

  test("wakes up while something is refused (control), and no longer once it is held", async () => {
    const lines = await scene(
      `s bind t udp 127.0.0.1 631; holder
switches() { awk '/ctxt_switches/ { sum += $2 } END { print sum }' /proc/$HOLDER/status; }
before=$(switches); sleep 2.5; [ $(switches) -gt $before ] && echo woken
s close t; held() { states | grep -q 'held held'; }; until_works held; sleep 0.2
before=$(switches); sleep 2.5; echo "then $(($(switches) - before))"`,
      { file: holdFile("hold udp 631") },
    );
    expect(lines).toEqual(["woken", "then 0"]);
  });

  test("needs no IPv6: neither where it is switched off nor where the kernel has none", async () => {
    const both = holdFile("hold tcp 631", "hold udp 631", "block tcp 7", "block udp 7");
    const script = `states; is thief try tcp 0.0.0.0 631; is thief try udp 0.0.0.0 7; said`;
    const shown = (ipv6: string): string[] =>
      ["hold tcp 631", "hold udp 631", "block tcp 7", "block udp 7"].sort().map((port) => `${port}: held ${ipv6} null`);
    const off = await scene(`echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6 || exit; holder; ${script}`, {
      file: both,
    });
    expect(off.slice(0, 4).sort()).toEqual(shown("held"));
    expect(off.slice(4)).toEqual(["thief: EADDRINUSE", "thief: EADDRINUSE"]);
    const none = await scene(`begin "$WITHOUT" ipv6 "$HOLD" --state "$STATE"; until_works is_ready; ${script}`, {
      file: both,
      environment,
    });
    expect(none.slice(0, 4).sort()).toEqual(shown("absent"));
    expect(none.slice(4)).toEqual(["thief: EADDRINUSE", "thief: EADDRINUSE"]);
  });

  test("holds no port of UDP where the kernel cannot bind it nowhere, says so once, and does not try again", async () => {
    const lines = await scene(
      `begin "$WITHOUT" ifindex "$HOLD" --state "$STATE"; until_works is_ready; states
switches() { awk '/ctxt_switches/ { sum += $2 } END { print sum }' /proc/$HOLDER/status; }
sleep 0.2; before=$(switches); sleep 2.5; echo "woken $(($(switches) - before))"; said`,
      {
        file: holdFile("hold tcp 631", "hold udp 631", "block udp 7"),
        environment: { WITHOUT: compileC("test/hold/without.c") },
      },
    );
    const why = ": this kernel has no SO_BINDTOIFINDEX (Linux 5.7 has it), so UDP ports can be blocked only";
    expect(lines).toEqual([
      "hold tcp 631: held held null",
      "block udp 7: held held null",
      "hold udp 631: refused refused ENOPROTOOPT",
      "woken 0",
      `portreserve-hold: error: udp 631 is refused over IPv4${why}`,
      `portreserve-hold: error: udp 631 is refused over IPv6${why}`,
    ]);
  });
});
